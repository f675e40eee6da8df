//! Several CPUs at one lock, where the other tests come to it one at a time.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use abi::layout::{PGSIZE, USTACKTOP, UTEMP, UTOP, UXSTACKTOP};
use abi::{EnvId, EnvStatus, Error, NENV, Syscall};

use super::machine::{TEXT, in_kernel, leave_frames, machine, record, until};
use super::program::{PUW, destroy, peek, run_any, spawn, start, wait_for};
use crate::config::FRAME_CACHE;
use crate::console;
use crate::env::{load, table};
use crate::mm::frame::PageRef;
use crate::mm::phys;
use crate::run::Next;
use crate::x86::ports;

const ROUNDS: u32 = 20;

/// Plays CPU 1, and on another thread CPU 2, which goes on until it is told that the first is done.
fn beside(first: impl Fn() + Sync, second: impl Fn(&AtomicBool) + Sync) {
    let mut machine = machine();
    machine.dawdle();
    let done = AtomicBool::new(false);
    machine.parallel(2, |cpu| {
        if cpu == 1 {
            first();
            done.store(true, Ordering::SeqCst);
        } else {
            second(&done);
        }
    });
}

/// Waits for a number that another CPU puts there, or until that one is done.
fn number(word: &AtomicU32, done: &AtomicBool) -> u32 {
    until(|| match (word.load(Ordering::SeqCst), done.load(Ordering::SeqCst)) {
        (0, false) => None,
        (number, _) => Some(number),
    })
}

#[test]
fn strangers_name_an_env_that_is_being_made() {
    let last = AtomicU32::new(0);
    let make = || {
        for _ in 0..3 * ROUNDS {
            let id = in_kernel(|| load::start("hello")).expect("a slot and frames");
            last.store(id.0, Ordering::SeqCst);
            in_kernel(|| {
                assert_eq!(peek::<{ TEXT.len() }>(id, 0x80_0020).expect("it is there"), *TEXT);
                assert_eq!(peek::<1>(id, UTEMP), None);
                assert_eq!(record(id).pgfault_upcall.load(Ordering::SeqCst), 0);
                destroy(id);
            });
        }
    };
    beside(make, |done| {
        let mut stranger = in_kernel(start);
        // Freed last, handed out first: it is always the same slot.
        let record = record(EnvId(number(&last, done)));
        while !done.load(Ordering::SeqCst) {
            let id = record.id.load(Ordering::SeqCst);
            let is_over = || record.id.load(Ordering::SeqCst) != id || done.load(Ordering::SeqCst);
            let mut call = |call, arguments: &[u32]| in_kernel(|| stranger.call(call, arguments));
            // One lock for each tenant, all the time until there is the next, so that it is met wherever that one is taken.
            match (id >> 12) % 3 {
                0 => {
                    until(|| {
                        let answer = call(Syscall::IpcTrySend, &[id, 0, UTOP]);
                        assert!(matches!(answer, Err(Error::BadEnv | Error::IpcNotRecv)), "{answer:?}");
                        (answer == Err(Error::IpcNotRecv) || is_over()).then_some(())
                    });
                    until(|| is_over().then_some(()));
                    // After a refusal it notes itself as one of those that wait, with whoever has the slot by then.
                    assert_eq!(call(Syscall::Yield, &[]), Ok(0));
                }
                1 => until(|| {
                    assert_eq!(call(Syscall::PageUnmap, &[id, UTEMP]), Err(Error::BadEnv));
                    is_over().then_some(())
                }),
                _ => until(|| {
                    assert_eq!(call(Syscall::EnvSetPgfaultUpcall, &[id, 7]), Err(Error::BadEnv));
                    is_over().then_some(())
                }),
            }
        }
        in_kernel(|| drop(stranger));
    });
}

#[test]
fn race_40_the_last_frames_go_from_cpu_to_cpu() {
    let mut machine = machine();
    // More than two caches hold, so that they also go through the global list.
    let hoard = leave_frames(4 * FRAME_CACHE);
    machine.jitter();
    machine.parallel(2, |_| {
        for _ in 0..3 * ROUNDS {
            in_kernel(|| drop(core::iter::from_fn(PageRef::alloc).collect::<Vec<_>>()));
        }
    });
    drop(hoard);
}

/// What is done to a frame when it is freed is done before another CPU can have it.
#[test]
fn the_last_frame_is_its_new_owner_s_alone() {
    let mut machine = machine();
    let hoard = leave_frames(1);
    machine.jitter();
    machine.parallel(2, |_| {
        for _ in 0..100 * ROUNDS {
            let Some(page) = in_kernel(PageRef::alloc_zeroed) else { continue };
            // Time for whoever had it before to finish what it is about.
            std::thread::yield_now();
            in_kernel(|| assert!(phys::is_filled(page.frame(), 0), "somebody writes to {:?}", page.frame()));
            in_kernel(|| drop(page));
        }
    });
    drop(hoard);
}

#[test]
fn race_40_the_last_slots_go_from_cpu_to_cpu() {
    let mut machine = machine();
    let hoard: Vec<_> = (40..NENV).map(|_| table::alloc(EnvId::NONE).expect("a slot and a frame")).collect();
    machine.jitter();
    machine.parallel(2, |_| {
        for _ in 0..ROUNDS {
            let ids: Vec<_> = core::iter::from_fn(|| in_kernel(|| table::alloc(EnvId::NONE)).ok()).collect();
            ids.into_iter().for_each(|id| in_kernel(|| destroy(id)));
        }
    });
    hoard.into_iter().for_each(destroy);
}

#[test]
fn input_that_several_cpus_take_in_keeps_its_order() {
    let typed: Vec<u8> = (0..ROUNDS * 100).map(|place| b'a' + (place % 23) as u8).collect();
    let count = AtomicU32::new(0);
    let type_in = || {
        for (index, part) in typed.chunks(20).enumerate() {
            ports::type_on_line(part);
            in_kernel(console::interrupt);
            // The ring does not hold everything.
            until(|| (count.load(Ordering::SeqCst) as usize + 10 > index * 20).then_some(()));
        }
        until(|| (count.load(Ordering::SeqCst) as usize == typed.len()).then_some(()));
    };
    beside(type_in, |done| {
        let mut read = Vec::new();
        while !done.load(Ordering::SeqCst) {
            read.extend(Some(in_kernel(console::getc)).filter(|&byte| byte != 0));
            count.store(read.len() as u32, Ordering::SeqCst);
        }
        assert!(read == typed, "every byte once, in its order");
    });
}

#[test]
fn race_24_an_exception_stack_is_replaced_while_a_fault_goes_there() {
    const XSTACK: u32 = UXSTACKTOP - PGSIZE;
    let child_id = AtomicU32::new(0);
    let replace = || {
        let mut parent = in_kernel(start);
        let child = in_kernel(|| spawn(parent.id));
        let mut fresh = || assert_eq!(in_kernel(|| parent.call(Syscall::PageAlloc, &[child.0, XSTACK, PUW])), Ok(0));
        fresh();
        child_id.store(child.0, Ordering::SeqCst);
        (0..ROUNDS * 10).for_each(|_| fresh());
        in_kernel(|| drop(parent));
    };
    beside(replace, |done| {
        let mut child = wait_for(EnvId(number(&child_id, done)));
        assert_eq!(in_kernel(|| child.call(Syscall::EnvSetPgfaultUpcall, &[0, 0x80_0000])), Ok(0));
        while !done.load(Ordering::SeqCst) {
            in_kernel(|| child.fault(0x1234, 0));
            assert_eq!(child.next, Next::Same, "the fault goes to the upcall");
            child.frame.esp = USTACKTOP;
        }
        in_kernel(|| drop(child));
    });
}

#[test]
fn a_child_is_told_what_to_do_while_it_ends() {
    let child_id = AtomicU32::new(0);
    let tell = || {
        let mut parent = in_kernel(start);
        for _ in 0..ROUNDS {
            let child = in_kernel(|| spawn(parent.id));
            child_id.store(child.0, Ordering::SeqCst);
            let mut call = |call, argument| {
                let answer = in_kernel(|| parent.call(call, &[child.0, argument]));
                assert!(matches!(answer, Ok(0) | Err(Error::BadEnv)), "{answer:?}");
            };
            for status in [EnvStatus::NotRunnable, EnvStatus::Runnable].into_iter().cycle().take(6) {
                call(Syscall::EnvSetStatus, status as u32);
                call(Syscall::EnvSetPgfaultUpcall, 7);
            }
            call(Syscall::EnvDestroy, 0);
        }
        in_kernel(|| drop(parent));
    };
    beside(tell, |done| {
        // Before the first child there is the parent, which is the other CPU's.
        number(&child_id, done);
        while !done.load(Ordering::SeqCst) {
            let Some(mut child) = in_kernel(run_any) else { continue };
            in_kernel(|| child.trap_call(Syscall::Yield as u32, &[]));
            in_kernel(|| child.leave());
            // The next time it is its end.
            in_kernel(|| run_any().into_iter().for_each(drop));
        }
    });
}
