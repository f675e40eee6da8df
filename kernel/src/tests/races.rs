//! Messages, death and wake-ups, with a thread for each CPU that takes part.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use abi::layout::{UTEMP, UTOP};
use abi::{EnvId, EnvStatus, Error, Syscall};

use super::machine::{in_kernel, machine, record, until};
use super::program::{PUW, Program, run, run_any, spawn, start, try_run, wait_for};
use crate::env::{exit, table};
use crate::mm::frame;
use crate::sched;

const MESSAGES: u32 = 2_000;

/// Waits until an env can be had from this CPU's queue or another's.
fn wait_for_env() -> Program {
    until(|| in_kernel(run_any))
}

/// `ipc_send` of the user library.
fn send(from: &mut Program, to: EnvId, value: u32, va: u32) {
    let mut attempt = || in_kernel(|| from.call(Syscall::IpcTrySend, &[to.0, value, va, PUW]));
    assert_eq!(until(|| Some(attempt()).filter(|answer| *answer != Err(Error::IpcNotRecv))), Ok(0));
}

/// `ipc_recv` of the user library: gives back the program, which may be on another CPU meanwhile, and the value.
fn receive(mut program: Program, va: u32) -> (Program, u32) {
    let id = program.id;
    assert_eq!(in_kernel(|| program.call(Syscall::IpcRecv, &[va])), Ok(0));
    in_kernel(|| program.leave());
    let program = wait_for_env();
    assert_eq!((program.id, program.frame.regs.eax), (id, 0));
    (program, record(id).ipc_value.load(Ordering::Relaxed))
}

#[test]
fn race_08_no_message_is_lost_between_recv_and_send() {
    let mut machine = machine();
    let (sender, receiver) = (spawn(EnvId::NONE), spawn(EnvId::NONE));
    let ready = AtomicU32::new(0);
    let both_ready = || {
        ready.fetch_add(1, Ordering::SeqCst);
        until(|| (ready.load(Ordering::SeqCst) == 2).then_some(()));
    };
    machine.parallel(2, |cpu| {
        let mut program = wait_for_env();
        both_ready();
        // Which thread got which env is chance.
        if program.id == sender {
            (0..MESSAGES).for_each(|value| send(&mut program, receiver, value, UTOP));
        } else {
            for expected in 0..MESSAGES {
                let (resumed, value) = receive(program, UTOP);
                assert_eq!(value, expected, "on CPU {cpu}");
                program = resumed;
            }
        }
        in_kernel(|| drop(program));
    });
}

#[test]
fn race_12_envs_send_pages_to_each_other() {
    let mut machine = machine();
    let (one, two) = (spawn(EnvId::NONE), spawn(EnvId::NONE));
    let taken = AtomicBool::new(false);
    machine.parallel(2, |_| {
        // One thread for each env from beginning to end, so that each thread finds its env again.
        let first = !taken.swap(true, Ordering::SeqCst);
        let (mine, other) = if first { (one, two) } else { (two, one) };
        let mut program = wait_for(mine);
        in_kernel(|| program.alloc(UTEMP, 1));
        for round in 0..500 {
            if first {
                send(&mut program, other, round, UTEMP);
            }
            assert_eq!(in_kernel(|| program.call(Syscall::IpcRecv, &[UTEMP])), Ok(0));
            in_kernel(|| program.leave());
            program = wait_for(mine);
            assert_eq!(record(mine).ipc_value.load(Ordering::Relaxed), round);
            if !first {
                send(&mut program, other, round, UTEMP);
            }
        }
        in_kernel(|| drop(program));
    });
}

#[test]
fn race_11_sending_a_page_while_the_receiver_is_destroyed() {
    let mut machine = machine();
    for _ in 0..100 {
        let mut program = start();
        assert_eq!(program.call(Syscall::IpcRecv, &[UTEMP]), Ok(0));
        let (receiver, frames) = (program.id, frame::available());
        program.leave();
        machine.parallel(2, |cpu| {
            if cpu == 1 {
                return in_kernel(|| exit::destroy(table::env(receiver.slot()).life.lock(), EnvId::NONE));
            }
            let mut sender = in_kernel(start);
            in_kernel(|| sender.alloc(UTEMP, 1));
            let answer = in_kernel(|| sender.call(Syscall::IpcTrySend, &[receiver.0, 1, UTEMP, PUW]));
            assert!(matches!(answer, Ok(0) | Err(Error::BadEnv | Error::IpcNotRecv)), "{answer:?}");
            in_kernel(|| drop(sender));
        });
        // The receiver's directory is back too.
        assert_eq!(frame::available(), frames + 1);
    }
}

#[test]
fn race_27_many_wake_ups_queue_an_env_once() {
    let mut machine = machine();
    let child = spawn(EnvId::NONE);
    for _ in 0..200 {
        run(child).leave();
        machine.parallel(4, |cpu| {
            in_kernel(|| {
                let mut life = table::env(child.slot()).life.lock();
                life.frozen = cpu % 2 == 0;
                sched::settle(&mut life);
                life.frozen = false;
                sched::settle(&mut life);
            });
        });
        let owners: Vec<_> = (0..=4).filter_map(|cpu| machine.as_cpu(cpu, || try_run(child))).collect();
        assert_eq!(owners.len(), 1, "it was in one queue");
        owners.into_iter().for_each(Program::leave);
    }
}

#[test]
fn race_04_an_env_destroyed_by_many_while_it_leaves_its_cpu_dies_once() {
    let mut machine = machine();
    for _ in 0..500 {
        let (id, frames) = (spawn(EnvId::NONE), frame::available());
        let running = AtomicBool::new(false);
        machine.parallel(3, |cpu| {
            if cpu == 1 {
                let program = wait_for(id);
                running.store(true, Ordering::SeqCst);
                until(|| (!in_kernel(|| program.may_go_on())).then_some(()));
                // The others have the time to destroy it again.
                std::thread::yield_now();
                let status = record(id).status.load(Ordering::SeqCst);
                assert_eq!(status, EnvStatus::Dying as u32, "freed under its CPU");
                return in_kernel(|| program.leave());
            }
            until(|| running.load(Ordering::SeqCst).then_some(()));
            // Again and again, until it is gone.
            until(|| {
                in_kernel(|| {
                    let life = table::env(id.slot()).life.lock();
                    let alive = life.is(id);
                    if alive {
                        exit::destroy(life, EnvId::NONE);
                    }
                    (!alive).then_some(())
                })
            });
        });
        assert_eq!(frame::available(), frames + 1, "its directory is back, once");
    }
}
