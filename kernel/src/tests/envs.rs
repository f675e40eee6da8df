//! The env table and the life of envs: ids, slots, death.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::Ordering;

use abi::{EnvId, EnvStatus, Error, NENV, Syscall};

use super::machine::{in_kernel, machine, random, record};
use super::program::{PUW, destroy, peek, spawn, start, steal, try_run};
use crate::env::table;
use crate::mm::{frame, kernel_map};
use crate::run::Next;
use crate::x86::{ports, registers};
use crate::{cpu, presence, sched};

const NONE: EnvId = EnvId::NONE;

fn status(id: EnvId) -> u32 {
    record(id).status.load(Ordering::Relaxed)
}

#[test]
fn a_slot_freed_last_is_the_next_with_a_new_generation() {
    let _machine = machine();
    let [a, b, c] = [(); 3].map(|()| table::alloc(NONE).unwrap());
    assert_eq!([a, b, c].map(|id| id.0 & 0xc00), [0; 3]);
    destroy(a);
    destroy(c);
    assert_eq!(table::alloc(NONE), Ok(EnvId(c.0 + 0x1000)));
    assert_eq!(table::alloc(NONE), Ok(EnvId(a.0 + 0x1000)));
    assert!(table::lock_life(a, a).is_err() && table::lock_space(a, a).is_err(), "old ids are dead");
}

#[test]
fn ids_wrap_round_to_the_first_generation() {
    let _machine = machine();
    let id = table::alloc(NONE).unwrap();
    destroy(id);
    record(id).id.store(0x7fff_f000 | id.slot() as u32, Ordering::Relaxed);
    assert_eq!(table::alloc(NONE), Ok(EnvId(0x1000 | id.slot() as u32)));
}

#[test]
fn a_new_env_shows_nothing_of_the_last_tenant() {
    let _machine = machine();
    let old = spawn(NONE);
    let fields = |id| {
        let r = record(id);
        [&r.pgfault_upcall, &r.ipc_recving, &r.ipc_dstva, &r.ipc_value, &r.ipc_from, &r.ipc_perm, &r.runs, &r.kind]
    };
    fields(old).into_iter().for_each(|word| word.store(7, Ordering::Relaxed));
    destroy(old);
    let new = table::alloc(EnvId(0x1234)).unwrap();
    assert_eq!(new.slot(), old.slot());
    assert_eq!(fields(new).map(|word| word.load(Ordering::Relaxed)), [0; 8]);
    assert_eq!(record(new).parent_id.load(Ordering::Relaxed), 0x1234);
    assert_eq!(status(new), EnvStatus::NotRunnable as u32);
}

#[test]
fn a_slot_that_a_cpu_has_taken_from_a_queue_is_not_queued_for_its_next_tenant() {
    let _machine = machine();
    let mut parent = start();
    let child = spawn(parent.id);
    // The first half of what `sched::pick` does; the second takes the life's lock.
    assert!(sched::books(cpu::index()).0.lock().remove(child.slot()));
    assert_eq!(parent.call(Syscall::EnvDestroy, &[child.0]), Ok(0));
    let next = spawn(parent.id);
    assert_eq!(next.slot(), child.slot());
    assert!(try_run(next).is_none(), "it is on its way to a CPU already");
    let mut life = table::env(next.slot()).life.lock();
    life.queued_on = None;
    sched::settle(&mut life);
    drop(life);
    assert!(try_run(next).is_some());
}

#[test]
fn race_25_an_embryo_is_in_no_queue() {
    let _machine = machine();
    let embryo = table::alloc(NONE).unwrap();
    assert!(try_run(embryo).is_none());
    assert_eq!(status(embryo), EnvStatus::NotRunnable as u32);
}

#[test]
fn no_free_env_and_no_memory_give_everything_back() {
    let _machine = machine();
    let all: Vec<_> = core::iter::from_fn(|| table::alloc(NONE).ok()).collect();
    assert_eq!((all.len(), table::available()), (NENV, 0));
    assert_eq!(table::alloc(NONE), Err(Error::NoFreeEnv));
    destroy(all[17]);
    let hoard = super::machine::leave_frames(0);
    assert_eq!(table::alloc(NONE), Err(Error::NoMem));
    assert_eq!(table::available(), 1);
    drop(hoard);
    assert_eq!(table::alloc(NONE), Ok(EnvId(all[17].0 + 0x1000)));
}

#[test]
fn race_26_ids_are_unique_while_many_cpus_make_and_destroy() {
    static ALIVE: Mutex<Option<HashSet<usize>>> = Mutex::new(None);
    let mut machine = machine();
    *ALIVE.lock().unwrap() = Some(HashSet::new());
    machine.parallel(4, |cpu| {
        let mut random = random(cpu as u32);
        let mut mine = Vec::new();
        let kill = |id: EnvId| {
            assert!(ALIVE.lock().unwrap().as_mut().unwrap().remove(&id.slot()));
            in_kernel(|| destroy(id));
        };
        for _ in 0..300 {
            for _ in 0..random(20) {
                let id = in_kernel(|| table::alloc(NONE)).unwrap();
                assert!(ALIVE.lock().unwrap().as_mut().unwrap().insert(id.slot()), "{id} has a slot that is taken");
                mine.push(id);
            }
            for _ in 0..random(mine.len() + 1) {
                kill(mine.swap_remove(random(mine.len())));
            }
        }
        mine.into_iter().for_each(kill);
    });
    assert_eq!(table::available(), NENV);
}

#[test]
fn race_03_an_env_on_another_cpu_is_freed_by_that_cpu() {
    let mut machine = machine();
    let frames = frame::available();
    let mut parent = start();
    let child = spawn(parent.id);
    assert_eq!(parent.call(Syscall::PageAlloc, &[child.0, 0x40_0000, PUW]), Ok(0));
    let running = machine.as_cpu(1, || steal().unwrap());
    assert_eq!(presence::on_cpu(child.slot()), Some(1));
    assert_eq!(parent.call(Syscall::EnvDestroy, &[child.0]), Ok(0));
    assert_eq!(status(child), EnvStatus::Dying as u32);
    assert_eq!(running.peek::<4>(0x40_0000), [0; 4], "its memory is still there");
    // Race 4: a second time changes nothing; the id is good as long as the env is.
    assert_eq!(parent.call(Syscall::EnvDestroy, &[child.0]), Ok(0));
    assert_eq!(status(child), EnvStatus::Dying as u32);
    assert_eq!(running.peek::<4>(0x40_0000), [0; 4], "its memory is there as long as its CPU is");
    assert!(!running.may_go_on());
    machine.as_cpu(1, || {
        assert_eq!(
            presence::entering_user(cpu::this(), child.slot()),
            Err(presence::STOP),
            "it runs no further instruction"
        );
        running.leave();
    });
    assert_eq!(status(child), EnvStatus::Free as u32);
    assert_eq!(parent.call(Syscall::EnvDestroy, &[child.0]), Err(Error::BadEnv));
    drop(parent);
    assert_eq!(frame::available(), frames);
}

#[test]
fn race_23_no_cpu_is_left_in_the_directory_of_a_freed_env() {
    let _machine = machine();
    let mut program = start();
    let directory = registers::mine().cr3.load(Ordering::SeqCst);
    assert_ne!(directory, kernel_map::directory().address());
    assert_eq!(program.call(Syscall::EnvDestroy, &[0]), Ok(0));
    assert_eq!(program.next, Next::Other);
    program.leave();
    assert_ne!(registers::mine().cr3.load(Ordering::SeqCst), directory);
}

#[test]
fn an_env_on_no_cpu_dies_at_once_and_leaves_its_queue() {
    let _machine = machine();
    let frames = frame::available();
    let mut parent = start();
    let child = spawn(parent.id);
    assert_eq!(parent.call(Syscall::EnvDestroy, &[child.0]), Ok(0));
    assert_eq!(status(child), EnvStatus::Free as u32);
    assert!(peek::<1>(child, 0).is_none());
    assert!(sched::pick(0).is_none());
    let (parent_id, output) = (parent.id, ports::take_output());
    drop(parent);
    assert_eq!(output, format!("[{parent_id}] destroying {child}\n[{parent_id}] free env {child}\n"));
    assert_eq!(ports::take_output(), format!("[{parent_id}] free env {parent_id}\n"));
    assert_eq!(frame::available(), frames);
}
