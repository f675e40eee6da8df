//! Changing the memory of an env, or freezing it, while it runs on another CPU.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use abi::layout::UTEMP;
use abi::{EnvId, EnvStatus, Syscall};

use super::machine::{in_kernel, interrupts, machine, until};
use super::program::{PUW, Program, spawn, start, wait_for};
use crate::env::table;
use crate::mm::{frame, page_table, phys};
use crate::x86::registers;
use crate::{cpu, presence, x86};

/// What the owner of a page that was taken away from another env writes on it.
const POISON: u32 = 0xdead_dead;

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
        in_kernel(|| presence::entering_user(cpu::this(), self.slot))?;
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
        presence::left_user(cpu::this());
        Ok(())
    }
}

/// A program that fails is not in user mode for ever: who waits for it would wait for ever.
impl Drop for UserMode {
    fn drop(&mut self) {
        presence::left_user(cpu::this());
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
