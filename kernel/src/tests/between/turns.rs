//! Envs that are told something, or get what they wait for, while they come and go.

use std::sync::atomic::Ordering;

use abi::layout::UTOP;
use abi::{EnvId, EnvStatus, Error, Syscall};

use super::machine::{machine, record};
use super::program::{Program, destroy, run, run_any, spawn, start};
use super::{ask, between, each_moment};
use crate::env::table;
use crate::{presence, sched};

#[test]
fn race_08_a_message_comes_while_its_receiver_says_that_it_waits() {
    let _machine = machine();
    each_moment(|nth| {
        let mut receiver = start();
        let id = receiver.id;
        let send = move || {
            // Whoever it is: it is alone on CPU 1.
            let mut sender = start();
            _ = sender.call(Syscall::IpcTrySend, &[id.0, 7, UTOP]);
        };
        let came = between(nth, send, || assert_eq!(receiver.call(Syscall::IpcRecv, &[UTOP]), Ok(0)));
        receiver.leave();
        let waits = record(id).ipc_recving.load(Ordering::Relaxed) == 1;
        if waits {
            let mut sender = start();
            assert_eq!(sender.call(Syscall::IpcTrySend, &[id.0, 7, UTOP]), Ok(0), "moment {nth}");
        }
        let resumed = run_any().expect("its message has come");
        assert_eq!((resumed.id, record(id).ipc_value.load(Ordering::Relaxed)), (id, 7));
        came
    });
}

#[test]
fn race_08_the_receiver_asks_while_the_refused_sender_goes_to_rest() {
    let _machine = machine();
    each_moment(|nth| {
        let busy = spawn(EnvId::NONE);
        let mut sender = start();
        assert_eq!(sender.call(Syscall::IpcTrySend, &[busy.0, 0, UTOP]), Err(Error::IpcNotRecv));
        let receive = move || assert_eq!(ask(busy, Syscall::IpcRecv, &[UTOP]), Ok(0));
        let came = between(nth, receive, || assert_eq!(sender.call(Syscall::Yield, &[]), Ok(0)));
        if came {
            let id = sender.id;
            sender.leave();
            assert_eq!(run_any().map(|sender| sender.id), Some(id), "its receiver waits: moment {nth}");
        }
        destroy(busy);
        came
    });
}

#[test]
fn race_06_a_child_is_frozen_while_it_comes_and_goes() {
    let _machine = machine();
    let parent = spawn(EnvId::NONE);
    each_moment(|nth| {
        let mut child = run(spawn(parent));
        let id = child.id;
        let set_frozen = move |frozen| {
            let mut life = table::env(id.slot()).life.lock();
            life.frozen = frozen;
            sched::settle(&mut life);
            drop(life);
            presence::request(id.slot(), presence::STOP);
        };
        let mut back = None;
        let come_and_go = || {
            assert_eq!(child.call(Syscall::Yield, &[]), Ok(0));
            child.leave();
            back = run_any();
        };
        let came = between(nth, move || set_frozen(true), come_and_go);
        // It may be on the CPU already when it is frozen, but not without having been told.
        if let Some(child) = back {
            let goes_on = child.may_go_on() || presence::is_due(id.slot(), presence::STOP);
            assert!(goes_on, "nobody told it: moment {nth}");
            child.leave();
        }
        if came {
            assert!(run_any().is_none_or(|program| program.id != id), "a frozen env runs: moment {nth}");
            set_frozen(false);
            let is_lost = core::iter::from_fn(run_any).all(|program| program.id != id);
            assert!(!is_lost, "it is lost: moment {nth}");
        }
        destroy(id);
        came
    });
}

#[test]
fn race_04_a_child_is_destroyed_while_it_comes_and_goes() {
    let _machine = machine();
    let parent = spawn(EnvId::NONE);
    each_moment(|nth| {
        let mut child = run(spawn(parent));
        let id = child.id;
        let came = between(
            nth,
            move || destroy(id),
            || {
                assert_eq!(child.call(Syscall::Yield, &[]), Ok(0));
                child.leave();
                run_any().into_iter().for_each(Program::leave);
            },
        );
        if came {
            run_any().into_iter().for_each(Program::leave);
            let status = record(id).status.load(Ordering::Relaxed);
            assert_eq!(status, EnvStatus::Free as u32, "nobody frees it: moment {nth}");
        }
        destroy(id);
        came
    });
}
