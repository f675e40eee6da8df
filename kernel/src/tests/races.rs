//! Protocols between CPUs, each played by a thread: messages, and changing the memory of an env that runs.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use abi::layout::{UTEMP, UTOP};
use abi::{EnvId, EnvStatus, Error, Syscall};

use super::machine::{in_kernel, interrupts, machine, record, until};
use super::program::{PUW, Program, run, run_any, spawn, start, steal, try_run};
use crate::env::{exit, table};
use crate::mm::{frame, page_table, phys};
use crate::x86::registers;
use crate::{presence, sched, x86};

const MESSAGES: u32 = 2_000;
/// What the owner of a page that was taken away from another env writes on it.
const POISON: u32 = 0xdead_dead;

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

/// Waits until `id` can be had, and leaves other envs to others.
fn wait_for(id: EnvId) -> Program {
    until(|| {
        in_kernel(|| {
            let program = try_run(id).or_else(steal)?;
            if program.id == id {
                return Some(program);
            }
            program.leave();
            None
        })
    })
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

/// What the user half of a CPU does with the memory of the env on it: translations are kept until they are dropped.
struct UserMode {
    slot: usize,
    directory: frame::Frame,
    translation: Option<frame::Frame>,
    flushes: u32,
}

impl UserMode {
    fn new(id: EnvId) -> UserMode {
        let directory = table::env(id.slot()).space.lock().directory();
        UserMode { slot: id.slot(), directory, translation: None, flushes: 0 }
    }

    /// Enters user mode, reads UTEMP again and again until an interrupt comes. What somebody asked for is the error.
    fn run(&mut self, count: &AtomicU32) -> Result<(), u32> {
        in_kernel(|| presence::entering_user(self.slot))?;
        let mine = registers::mine();
        let flushes = mine.flushes.load(Ordering::SeqCst);
        if flushes != self.flushes {
            (self.flushes, self.translation) = (flushes, None);
        }
        for _ in 0..100 {
            if mine.take_interrupt() {
                break;
            }
            let look_up = || page_table::lookup(self.directory, UTEMP).map(|entry| entry.frame);
            self.translation = self.translation.or_else(look_up);
            if let Some(frame) = self.translation {
                let mut word = [0; 4];
                phys::read(frame, 0, &mut word);
                assert_ne!(u32::from_le_bytes(word), POISON, "a page that belongs to somebody else is still used");
            }
            count.fetch_add(1, Ordering::SeqCst);
        }
        presence::left_user();
        Ok(())
    }
}

/// A program that fails is not in user mode for ever: who waits for it would wait for ever.
impl Drop for UserMode {
    fn drop(&mut self) {
        presence::left_user();
    }
}

/// Says that the parent is done, be it that it failed.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn race_20_21_22_a_page_is_not_used_after_it_was_taken_away() {
    let mut machine = machine();
    let (mut parent, count, done) = (start(), AtomicU32::new(0), AtomicBool::new(false));
    let child = spawn(parent.id);
    let sent = interrupts(1);
    let parent_work = |parent: &mut Program| {
        let _done = Done(&done);
        until(|| (count.load(Ordering::SeqCst) > 0).then_some(()));
        // At least once the child is to be caught in user mode.
        let mut round = 0;
        until(|| {
            round += 1;
            assert_eq!(in_kernel(|| parent.call(Syscall::PageAlloc, &[child.0, UTEMP, PUW])), Ok(0));
            assert_eq!(in_kernel(|| parent.call(Syscall::PageUnmap, &[child.0, UTEMP])), Ok(0));
            // Last freed, first handed out: very likely the page that the child had.
            in_kernel(|| parent.alloc(UTEMP, 1));
            in_kernel(|| parent.poke(UTEMP, &POISON.to_le_bytes()));
            assert_eq!(in_kernel(|| parent.call(Syscall::PageUnmap, &[0, UTEMP])), Ok(0));
            (round > 3_000 && interrupts(1) > sent).then_some(())
        });
    };
    let child_work = || {
        let program = wait_for(child);
        let mut user = in_kernel(|| UserMode::new(child));
        while !done.load(Ordering::SeqCst) {
            if let Err(attention) = user.run(&count) {
                assert_eq!(attention, presence::FLUSH);
                x86::instr::load_cr3(user.directory.address());
            }
        }
        in_kernel(|| program.leave());
    };
    machine.beside(|| parent_work(&mut parent), child_work);
}

#[test]
fn race_06_22_a_frozen_env_has_stopped_when_the_call_returns() {
    let mut machine = machine();
    let (mut parent, count, done) = (start(), AtomicU32::new(0), AtomicBool::new(false));
    let child = spawn(parent.id);
    let child_work = || {
        let mut program = wait_for(child);
        let mut user = in_kernel(|| UserMode::new(child));
        while !done.load(Ordering::SeqCst) {
            if user.run(&count) == Err(presence::STOP) && !in_kernel(|| program.may_go_on()) {
                in_kernel(|| program.leave());
                program = wait_for(child);
            }
        }
        in_kernel(|| program.leave());
    };
    let parent_work = || {
        let _done = Done(&done);
        let mut set = |status: EnvStatus| {
            assert_eq!(in_kernel(|| parent.call(Syscall::EnvSetStatus, &[child.0, status as u32])), Ok(0));
        };
        for _ in 0..1_000 {
            set(EnvStatus::NotRunnable);
            let seen = count.load(Ordering::SeqCst);
            (0..5).for_each(|_| x86::instr::pause());
            assert_eq!(count.load(Ordering::SeqCst), seen, "a frozen env runs");
            set(EnvStatus::Runnable);
            until(|| (count.load(Ordering::SeqCst) != seen).then_some(()));
        }
    };
    machine.beside(parent_work, child_work);
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
