//! Envs that end, and begin, while somebody names them.

use std::sync::atomic::Ordering;

use abi::layout::{PGSIZE, UTEMP};
use abi::{EnvId, EnvStatus, Error, Syscall};

use super::machine::{machine, record};
use super::program::{PU, PUW, destroy, run, spawn, start};
use super::{ask, between, each_moment, is_untouched};
use crate::env::table;

const NEXT: u32 = UTEMP + PGSIZE;

/// A child that has a page and waits for another one.
fn receiver(parent: EnvId) -> EnvId {
    let mut program = run(spawn(parent));
    program.alloc(UTEMP, 1);
    assert_eq!(program.call(Syscall::IpcRecv, &[NEXT]), Ok(0));
    let id = program.id;
    program.leave();
    id
}

/// Everything that can be asked about an env, by one that has a page at UTEMP.
fn all_calls(id: EnvId) -> [(Syscall, [u32; 5]); 9] {
    [
        (Syscall::PageAlloc, [id.0, NEXT, PUW, 0, 0]),
        (Syscall::PageMap, [0, UTEMP, id.0, NEXT, PUW]),
        (Syscall::PageMap, [id.0, UTEMP, 0, NEXT, PU]),
        (Syscall::PageUnmap, [id.0, UTEMP, 0, 0, 0]),
        (Syscall::EnvSetPgfaultUpcall, [id.0, 0x80_0000, 0, 0, 0]),
        (Syscall::EnvSetStatus, [id.0, EnvStatus::Runnable as u32, 0, 0, 0]),
        (Syscall::EnvSetStatus, [id.0, EnvStatus::NotRunnable as u32, 0, 0, 0]),
        (Syscall::EnvDestroy, [id.0, 0, 0, 0, 0]),
        (Syscall::IpcTrySend, [id.0, 7, UTEMP, PUW, 0]),
    ]
}

#[test]
fn a_child_dies_and_a_stranger_has_its_slot() {
    let _machine = machine();
    let mut parent = start();
    parent.alloc(UTEMP, 1);
    for index in 0..all_calls(EnvId::NONE).len() {
        each_moment(|nth| {
            let child = receiver(parent.id);
            let (call, arguments) = all_calls(child)[index];
            let mut stranger = EnvId::NONE;
            let replace = || {
                destroy(child);
                stranger = table::alloc(EnvId::NONE).unwrap();
            };
            let mut answer = Ok(0);
            let came = between(nth, replace, || answer = parent.call(call, &arguments));
            assert!(matches!(answer, Ok(0) | Err(Error::BadEnv)), "{call:?}: {answer:?}");
            if came {
                assert!(is_untouched(stranger), "{call:?} on {child} changed {stranger} at moment {nth}");
                destroy(stranger);
            }
            destroy(child);
            _ = parent.call(Syscall::PageUnmap, &[0, NEXT]);
            came
        });
    }
}

#[test]
fn race_16_a_child_is_told_something_while_it_is_freed() {
    let _machine = machine();
    for (index, is_on_cpu) in (0..all_calls(EnvId::NONE).len()).flat_map(|index| [(index, false), (index, true)]) {
        each_moment(|nth| {
            let mut parent = start();
            parent.alloc(UTEMP, 1);
            let mut child = run(spawn(parent.id));
            child.alloc(UTEMP, 1);
            let (id, parent_id) = (child.id, parent.id);
            let (call, arguments) = all_calls(id)[index];
            parent.leave();
            let tell = move || {
                let answer = ask(parent_id, call, &arguments);
                assert!(matches!(answer, Ok(0) | Err(Error::BadEnv | Error::Inval | Error::IpcNotRecv)), "{answer:?}");
            };
            let came = if is_on_cpu {
                between(nth, tell, || drop(child))
            } else {
                child.leave();
                between(nth, tell, || destroy(id))
            };
            destroy(id);
            destroy(parent_id);
            came
        });
    }
}

#[test]
fn race_01_a_stranger_names_an_env_that_is_being_made() {
    let _machine = machine();
    for index in 0..all_calls(EnvId::NONE).len() {
        each_moment(|nth| {
            let stranger = spawn(EnvId::NONE);
            // The slot has had a tenant, so there is an id to guess.
            let last = table::alloc(EnvId::NONE).unwrap();
            destroy(last);
            let guess = move || {
                for id in [last, last.successor(last.slot())] {
                    let (call, arguments) = all_calls(id)[index];
                    let answer = ask(stranger, call, &arguments);
                    // Whether an env is there that receives is no secret.
                    let right = match answer {
                        Err(Error::IpcNotRecv) => call == Syscall::IpcTrySend,
                        answer => answer == Err(Error::BadEnv),
                    };
                    assert!(right, "{call:?}: {answer:?} at moment {nth}");
                }
            };
            let mut made = EnvId::NONE;
            let came = between(nth, guess, || made = table::alloc(EnvId::NONE).unwrap());
            assert_eq!(made, last.successor(last.slot()));
            assert!(is_untouched(made), "moment {nth}");
            destroy(made);
            destroy(stranger);
            came
        });
    }
}

#[test]
fn race_02_the_caller_is_destroyed_in_its_call() {
    let _machine = machine();
    let of_its_own =
        [(Syscall::Exofork, [0; 5]), (Syscall::Cputs, [UTEMP, 1, 0, 0, 0]), (Syscall::IpcRecv, [UTEMP, 0, 0, 0, 0])];
    for index in 0..all_calls(EnvId::NONE).len() + of_its_own.len() {
        each_moment(|nth| {
            let id = spawn(EnvId::NONE);
            let child = receiver(id);
            let mut caller = run(id);
            caller.alloc(UTEMP, 1);
            let (call, arguments) = all_calls(child).into_iter().chain(of_its_own).nth(index).unwrap();
            let came = between(nth, move || destroy(id), || caller.trap_call(call as u32, &arguments));
            assert!(!came || !caller.may_go_on(), "{call:?}: it goes on after moment {nth}");
            caller.leave();
            let is_free = record(id).status.load(Ordering::Relaxed) == EnvStatus::Free as u32;
            assert_eq!(is_free, came, "{call:?}: moment {nth}");
            destroy(child);
            came
        });
    }
}
