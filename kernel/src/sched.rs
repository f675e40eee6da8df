//! Who runs next: a run queue per CPU.
//!
//! A queue is a set of slots, and the next to run is the first at or after the one behind the slot that ran last, going
//! round: with one CPU exactly JOS's round robin. A CPU with nothing to do steals from the longest queue.
//!
//! An env is queued when it may run, is on no CPU and is not queued: [`settle`] makes that so after every change, under
//! the env's life lock. Only a pick takes it out again, and it looks at the life anew, so a queue may hold a bit too many
//! (of an env frozen meanwhile) but never one too few.
//!
//! Locks: life, then a run queue. A pick drops the queue's lock before it takes the life lock. No two queues at once.

use abi::EnvStatus;
use crossbeam_utils::CachePadded;
use sync::Rank;

use crate::atomic::{AtomicU32, Ordering, fence};
use crate::config::NCPU;
use crate::cpu::{self, SpinLock};
use crate::env::life::{self, Tenancy};
use crate::env::{Life, OnCpu, exit, table};
use crate::point::Point;
use crate::run_queue::RunQueue;
use crate::{idle, presence, smp, window};

struct Queue {
    slots: SpinLock<RunQueue>,
    /// How many slots in it are to run now, and how many are patient: for those who only want a look.
    ready: AtomicU32,
    patient: AtomicU32,
}

impl Queue {
    /// Publishes how much is in `slots`, which is what this queue's lock guards: an older length never comes last.
    fn publish(&self, slots: &RunQueue) {
        // Who queues and then looks for an idle CPU puts a fence in between: see `enqueue`.
        self.ready.store(slots.ready() as u32, Ordering::Relaxed);
        // Release: whoever sees that no slot is patient any more sees that it is ready. See `any_queued`.
        self.patient.store(slots.patient() as u32, Ordering::Release);
    }
}

static QUEUES: [CachePadded<Queue>; NCPU] = queues();

const fn queues() -> [CachePadded<Queue>; NCPU] {
    let mut queues = [const { CachePadded::new(queue(0)) }; NCPU];
    let mut cpu = 1;
    while cpu < NCPU {
        queues[cpu] = CachePadded::new(queue(cpu));
        cpu += 1;
    }
    queues
}

const fn queue(cpu: usize) -> Queue {
    Queue {
        slots: SpinLock::new(Rank::RunQueue, cpu as u16, RunQueue::new()),
        ready: AtomicU32::new(0),
        patient: AtomicU32::new(0),
    }
}

/// Makes the queues and the published status agree with `life`, after any change to it.
pub fn settle(life: &mut Life) {
    let slot = life.id.slot();
    let on_cpu = presence::on_cpu(slot).is_some();
    let status = life.status(on_cpu);
    life::publish_status(life, status);
    match status {
        EnvStatus::Runnable if life.queued_on.is_none() => enqueue(life),
        EnvStatus::Runnable | EnvStatus::Running => {}
        EnvStatus::Free | EnvStatus::Dying | EnvStatus::NotRunnable => {
            if let Some(cpu) = life.queued_on
                && with_queue(cpu, |queue| queue.remove(slot))
            {
                life.queued_on = None;
            }
        }
    }
}

/// Ends an env's patience, because what it waits for has come: it is among the next to run. Says whether it was patient.
pub fn hurry(slot: usize) -> bool {
    let mut life = table::env(slot).life.lock();
    let was_patient = core::mem::replace(&mut life.patient, false);
    if let Some(cpu) = life.queued_on
        && with_queue(cpu, |queue| queue.hurry(slot))
    {
        fence(Ordering::SeqCst);
        idle::rouse(cpu);
    }
    was_patient
}

/// Ends the patience of all envs in this CPU's queue. For the timer tick.
pub fn hurry_all() {
    with_queue(cpu::index(), RunQueue::hurry_all);
}

/// Whether this CPU's queue holds patient envs, so that it needs the tick.
pub fn has_patient() -> bool {
    QUEUES[cpu::index()].patient.load(Ordering::Relaxed) != 0
}

/// The queue of CPU `cpu`, and how many slots its hints say are ready and patient. For audits.
pub fn books(cpu: usize) -> (&'static SpinLock<RunQueue>, [u32; 2]) {
    let Queue { slots, ready, patient } = &*QUEUES[cpu];
    (slots, [ready, patient].map(|hint| hint.load(Ordering::Relaxed)))
}

/// Takes the next env after slot `after` from this CPU's queue and puts it on this CPU.
pub fn pick(after: usize) -> Option<OnCpu> {
    pick_from(cpu::index(), after)
}

/// Takes an env from the longest queue of another CPU, and puts it on this one.
pub fn steal() -> Option<OnCpu> {
    loop {
        let (longest, _) = longest_queue(1)?;
        if let Some(stolen) = pick_from(longest, 0) {
            return Some(stolen);
        }
    }
}

/// Pulls one env into this CPU's queue if another queue is longer by two or more. For the timer tick: CPUs that are never
/// idle never steal.
pub fn balance() {
    let here = cpu::index();
    let mine = QUEUES[here].ready.load(Ordering::Relaxed);
    let Some((longest, _)) = longest_queue(mine + 2) else { return };
    let Some(slot) = with_queue(longest, |queue| queue.pop_after(0)) else { return };
    let mut life = table::env(slot).life.lock();
    life.queued_on = None;
    settle(&mut life);
}

/// Takes an env off this CPU, which has left its address space and saved its registers. A dying one is freed.
pub fn release(env: OnCpu) {
    window::at_for(Point::Releasing, env.slot());
    let mut life = table::env(env.slot()).life.lock();
    presence::leave(&life);
    if life.tenancy == Tenancy::Dying {
        drop(life);
        exit::reap(env.id(), env.id());
    } else {
        settle(&mut life);
    }
}

/// Whether an env on this CPU may go on.
pub fn may_go_on(env: &OnCpu) -> bool {
    let life = table::env(env.slot()).life.lock();
    life.may_run() && !life.patient
}

/// Whether any queue holds an env to run now.
pub fn any_ready() -> bool {
    QUEUES[..smp::count()].iter().any(|queue| queue.ready.load(Ordering::SeqCst) != 0)
}

/// Whether any queue holds anything, be it patient.
pub fn any_queued() -> bool {
    // In this order: one whose patience ends between the looks has been ready since before the second.
    QUEUES[..smp::count()].iter().any(|queue| queue.patient.load(Ordering::SeqCst) != 0) || any_ready()
}

/// Queues an env where it was last if that CPU is idle, else here; and if any CPU is idle, wakes one to take it.
fn enqueue(life: &mut Life) {
    let slot = life.id.slot();
    let last = table::record(slot).cpunum.load(Ordering::Relaxed) as usize;
    let here = cpu::index();
    let cpu = if last != here && !life.patient && idle::is_idle(last) { last } else { here };
    life.queued_on = Some(cpu);
    if life.patient {
        return with_queue(cpu, |queue| queue.insert_patient(slot));
    }
    with_queue(cpu, |queue| queue.insert(slot));
    window::at_for(Point::Queued, slot);
    // The idle CPU sets its bit, then looks at the queues; we fill the queue, then look at the bits.
    fence(Ordering::SeqCst);
    idle::rouse(cpu);
}

fn pick_from(cpu: usize, after: usize) -> Option<OnCpu> {
    loop {
        if QUEUES[cpu].ready.load(Ordering::Relaxed) == 0 {
            return None;
        }
        window::at(Point::Picking);
        let slot = with_queue(cpu, |queue| queue.pop_after(after))?;
        window::at_for(Point::Picked, slot);
        if let Some(env) = put_on_cpu(slot) {
            return Some(env);
        }
    }
}

/// Ends a pick: puts the env on this CPU if it still may run.
fn put_on_cpu(slot: usize) -> Option<OnCpu> {
    let mut life = table::env(slot).life.lock();
    life.queued_on = None;
    if !life.may_run() {
        return None;
    }
    life.patient = false;
    presence::arrive(&life);
    window::at_for(Point::Arrived, slot);
    let record = table::record(slot);
    record.cpunum.store(cpu::index() as u32, Ordering::Relaxed);
    record.runs.store(record.runs.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    life::publish_status(&life, EnvStatus::Running);
    Some(OnCpu::new(&life))
}

/// The CPU with the longest queue that holds at least `least`, other than this one; with its length.
fn longest_queue(least: u32) -> Option<(usize, u32)> {
    let here = cpu::index();
    (0..smp::count())
        .filter(|&cpu| cpu != here)
        .map(|cpu| (cpu, QUEUES[cpu].ready.load(Ordering::Relaxed)))
        .filter(|&(_, len)| len >= least)
        .max_by_key(|&(_, len)| len)
}

#[track_caller]
fn with_queue<R>(cpu: usize, change: impl FnOnce(&mut RunQueue) -> R) -> R {
    let queue = &QUEUES[cpu];
    let mut slots = queue.slots.lock();
    let result = change(&mut slots);
    queue.publish(&slots);
    result
}
