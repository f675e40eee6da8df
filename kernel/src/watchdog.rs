//! The watch-dog: a CPU that never leaves the kernel, and work that nobody was woken for.
//!
//! `watchdog=SECONDS` on the command line of a debug kernel. The third way to stand still, CPUs that wait for each other's
//! locks, is the lock checker's, always; its verdict is "stuck". Here are the other two:
//!
//! * *Live-lock*: a CPU takes lock after lock and comes neither to user mode nor to `hlt`. It notices by itself, at the
//!   locks. Time in which it takes none but the console's does not count: so it is in the monitor.
//! * *Lost wake-up*: one and the same env is ready and does not run, while this CPU is halted and nobody has undertaken to
//!   wake it; or every CPU is idle, nothing is queued, and nobody has ended the kernel. The CPU notices at its own timer ticks,
//!   which an idle CPU keeps with a watch-dog, and halts again: the look must not be the cure. A look counts only if every
//!   CPU that is not idle has entered or left user mode since the last one that did: none of them is just about to wake
//!   somebody, or to run that env as soon as the host lets it.
//!
//! A third thing to bark at is the programs' own: envs that wait to send to each other (`watchdog/senders.rs`).
//!
//! All clocks count at most a few milliseconds between two looks. So they stand still while the host does not run the CPU,
//! or a debugger has stopped the machine. `watchdog_off.rs` has the same names.

mod senders;

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use abi::{EnvStatus, NENV};

use crate::config::NCPU;
use crate::cpu;
use crate::env::table;
use crate::trap::irq;
use crate::x86::instr;
use crate::x86::qemu::Ending;
use crate::{boot, idle, panic, sched, smp};

pub(crate) use senders::{look as look_at_senders, refused, sends_no_more};

/// The most that a look at a clock adds to it, in milliseconds.
const IN_KERNEL_MS: u32 = 50;
const HALTED_MS: u32 = 20;

/// How long is too long, in milliseconds; 0 for no watch-dog.
static LIMIT_MS: AtomicU32 = AtomicU32::new(0);
static CLOCKS: [Clock; NCPU] = [const { Clock::new() }; NCPU];
/// Counts the looks that wait for all CPUs to move on; and the last one that each CPU has moved on after. In no order with the
/// rest: a look that comes too late is made up for by those that follow for seconds.
static EPOCH: AtomicU32 = AtomicU32::new(0);
static MOVED: [AtomicU32; NCPU] = [const { AtomicU32::new(0) }; NCPU];
/// For the test of the watch-dog: nobody is woken any more.
static DEAF: AtomicBool = AtomicBool::new(false);
/// The same: nobody sees that nothing is left to do.
static BLIND: AtomicBool = AtomicBool::new(false);

/// How long a CPU has been at something. Its own.
struct Clock {
    last: AtomicU32,
    spent: AtomicU32,
}

impl Clock {
    const fn new() -> Clock {
        Clock { last: AtomicU32::new(0), spent: AtomicU32::new(0) }
    }

    fn restart(&self) {
        self.last.store(instr::millis(), Ordering::Relaxed);
        self.spent.store(0, Ordering::Relaxed);
    }

    /// Adds the time since the last look, at most `most`; gives back the sum.
    fn look(&self, most: u32) -> u32 {
        let now = instr::millis();
        let since = now.wrapping_sub(self.last.swap(now, Ordering::Relaxed)).min(most);
        self.spent.fetch_add(since, Ordering::Relaxed) + since
    }
}

/// Reads the command line. Says whether there is a watch-dog.
pub(crate) fn init() -> bool {
    let seconds = boot::values("watchdog=").last().and_then(|seconds| seconds.parse().ok()).unwrap_or(0_u32);
    LIMIT_MS.store(seconds.saturating_mul(1000), Ordering::Relaxed);
    seconds > 0
}

/// This CPU is on its way to user mode, back from there, or about to halt.
pub(crate) fn moves_on(cpu: usize) {
    CLOCKS[cpu].restart();
    MOVED[cpu].store(EPOCH.load(Ordering::Relaxed), Ordering::Relaxed);
}

/// This CPU takes a step with a lock.
pub(crate) fn at_lock(cpu: usize) {
    let limit = LIMIT_MS.load(Ordering::Relaxed);
    if limit != 0 && smp::is_online(cpu) && CLOCKS[cpu].look(IN_KERNEL_MS) > limit {
        LIMIT_MS.store(0, Ordering::Relaxed);
        panic::end(Ending::LiveLock, "live-lock: it takes locks for ever and comes to nothing");
    }
}

/// Makes every CPU deaf to wake-ups: a mistake for the watch-dog to find.
pub(crate) fn make_deaf() {
    DEAF.store(true, Ordering::Relaxed);
}

/// Makes every CPU blind to the end: another mistake.
pub(crate) fn make_blind() {
    BLIND.store(true, Ordering::Relaxed);
}

/// Whether the end is overlooked.
pub fn is_blind() -> bool {
    BLIND.load(Ordering::Relaxed)
}

/// Whether wake-ups get lost.
pub fn is_deaf() -> bool {
    DEAF.load(Ordering::Relaxed)
}

/// What a halted CPU suspects.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Suspicion {
    /// The env in this slot, which has run so often, should have been run.
    Waits { slot: usize, runs: u32 },
    /// Nothing is left to do.
    Ended,
}

/// Halts until there is an interrupt that is not only this module's tick.
pub fn halt(sti_hlt_cli: fn()) {
    let limit = LIMIT_MS.load(Ordering::Relaxed);
    if limit == 0 {
        return sti_hlt_cli();
    }
    let (me, here) = (cpu::index(), cpu::this());
    CLOCKS[me].restart();
    let (mut suspicion, mut epoch) = (None, 0);
    loop {
        irq::keep_ticking();
        sti_hlt_cli();
        let only_tick = here.idle_interrupts.load(Ordering::Relaxed) == irq::TICKED;
        if !only_tick || !idle::is_idle(me) || sched::has_patient() {
            return CLOCKS[me].restart();
        }
        here.idle_interrupts.store(0, Ordering::Relaxed);
        let now = suspect(suspicion);
        if now.is_none() || now != suspicion {
            (suspicion, epoch) = (now, next_epoch());
            CLOCKS[me].restart();
        } else if all_moved_since(epoch) {
            epoch = next_epoch();
            if CLOCKS[me].look(HALTED_MS) > limit {
                LIMIT_MS.store(0, Ordering::Relaxed);
                bark(now);
            }
        }
    }
}

fn bark(suspicion: Option<Suspicion>) {
    let why = match suspicion {
        Some(Suspicion::Waits { .. }) => "lost wake-up: an env is ready, and nobody wakes an idle CPU for it",
        _ => "lost wake-up: every CPU is idle, and none has seen that nothing is left to do",
    };
    panic::end(Ending::LostWakeUp, why);
}

/// What there is to suspect: the same as before, if that still holds, else something else. Takes no lock: in the build with
/// the big one a halted CPU has let go of that.
fn suspect(before: Option<Suspicion>) -> Option<Suspicion> {
    if idle::all_is_quiet() {
        return Some(Suspicion::Ended);
    }
    if !sched::any_ready() {
        return None;
    }
    let waits = |slot: usize| {
        let record = table::record(slot);
        let is_ready = record.status.load(Ordering::Relaxed) == EnvStatus::Runnable as u32;
        is_ready.then(|| Suspicion::Waits { slot, runs: record.runs.load(Ordering::Relaxed) })
    };
    match before {
        Some(Suspicion::Waits { slot, .. }) if waits(slot) == before => before,
        Some(Suspicion::Waits { slot, .. }) => (1..=NENV).find_map(|step| waits((slot + step) % NENV)),
        _ => (0..NENV).find_map(waits),
    }
}

pub(crate) fn next_epoch() -> u32 {
    EPOCH.fetch_add(1, Ordering::Relaxed) + 1
}

/// Whether every CPU that is not idle has entered or left user mode since `epoch` began. One that is idle and about to be woken
/// has not.
pub(crate) fn all_moved_since(epoch: u32) -> bool {
    let moved = |cpu: usize| MOVED[cpu].load(Ordering::Relaxed).wrapping_sub(epoch) < u32::MAX / 2;
    (0..smp::count()).filter(|&cpu| smp::is_online(cpu)).all(|cpu| idle::is_idle(cpu) || moved(cpu))
}
