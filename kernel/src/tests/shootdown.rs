//! Changing the memory of an env, or freezing it, while it runs on another CPU.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use abi::layout::UTEMP;
use abi::page::PteFlags;
use abi::{EnvId, EnvStatus, Syscall};

use super::machine::{in_kernel, interrupts, machine, until};
use super::program::{PUW, Program, run, spawn, start, wait_for};
use crate::env::table;
use crate::mm::frame::PageRef;
use crate::mm::{frame, page_table, phys};
use crate::run::Next;
use crate::window::tests::Armed;
use crate::x86::{ports, registers};
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

    /// Enters user mode, reads UTEMP a number of times, and takes the interrupt that has come. What somebody asked for is the error.
    fn run(&mut self, count: &AtomicU32) -> Result<(), u32> {
        in_kernel(|| presence::entering_user(cpu::this(), self.slot))?;
        let mine = registers::mine();
        let flushes = mine.flushes.load(Ordering::SeqCst);
        if flushes != self.flushes {
            (self.flushes, self.translation) = (flushes, None);
        }
        for _ in 0..100 {
            let look_up = || page_table::lookup(self.directory, UTEMP).map(|entry| entry.frame);
            self.translation = self.translation.or_else(look_up);
            if let Some(frame) = self.translation {
                let mut word = [0; 4];
                phys::read(frame, 0, &mut word);
                assert_ne!(u32::from_le_bytes(word), POISON, "a page that belongs to somebody else is still used");
            }
            count.fetch_add(1, Ordering::SeqCst);
        }
        // An interrupt may be long on its way.
        mine.take_interrupt();
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

/// The user half of `child` on this CPU until `done`: it does what is asked, and leaves when it is frozen.
fn be(child: EnvId, count: &AtomicU32, done: &AtomicBool) {
    let mut program = wait_for(child);
    let mut user = in_kernel(|| UserMode::new(child));
    while !done.load(Ordering::SeqCst) {
        if let Err(attention) = user.run(count)
            && in_kernel(|| program.answer(attention)) == Next::Other
        {
            in_kernel(|| program.leave());
            program = wait_for(child);
        }
    }
    in_kernel(|| program.leave());
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
    machine.beside(|| parent_work(&mut parent), || be(child, &count, &done));
}

/// The page stays where it is, with its owner, who writes to it as soon as the other env has lost it.
#[test]
fn race_20_a_shared_page_is_not_used_after_it_was_taken_away() {
    const MINE: u32 = UTEMP + 4096;
    let mut machine = machine();
    let (mut parent, count, done) = (start(), AtomicU32::new(0), AtomicBool::new(false));
    let child = spawn(parent.id);
    parent.alloc(MINE, 1);
    let sent = interrupts(1);
    let parent_work = || {
        let _done = Done(&done);
        until(|| (count.load(Ordering::SeqCst) > 0).then_some(()));
        let mut round = 0;
        until(|| {
            round += 1;
            in_kernel(|| parent.poke(MINE, &[0; 4]));
            assert_eq!(in_kernel(|| parent.call(Syscall::PageMap, &[0, MINE, child.0, UTEMP, PUW])), Ok(0));
            let before = count.load(Ordering::SeqCst);
            until(|| (count.load(Ordering::SeqCst) != before).then_some(()));
            assert_eq!(in_kernel(|| parent.call(Syscall::PageUnmap, &[child.0, UTEMP])), Ok(0));
            in_kernel(|| parent.poke(MINE, &POISON.to_le_bytes()));
            (round > 1_000 && interrupts(1) > sent).then_some(())
        });
    };
    machine.beside(parent_work, || be(child, &count, &done));
}

#[test]
fn race_06_22_a_frozen_env_has_stopped_when_the_call_returns() {
    let mut machine = machine();
    let (mut parent, count, done) = (start(), AtomicU32::new(0), AtomicBool::new(false));
    let child = spawn(parent.id);
    let parent_work = || {
        let _done = Done(&done);
        freeze_and_thaw(&mut parent, child, &count, 1_000);
    };
    machine.beside(parent_work, || be(child, &count, &done));
}

#[test]
fn what_is_asked_for_at_once_is_done_at_once() {
    let _machine = machine();
    let mut parent = start();
    let child = spawn(parent.id);
    let mut set = |status: EnvStatus| {
        assert_eq!(parent.call(Syscall::EnvSetStatus, &[child.0, status as u32]), Ok(0));
    };
    let both = presence::FLUSH | presence::STOP;
    for order in [[presence::FLUSH, presence::STOP], [presence::STOP, presence::FLUSH]] {
        for frozen in [true, false] {
            let mut program = run(child);
            set(if frozen { EnvStatus::NotRunnable } else { EnvStatus::Runnable });
            order.into_iter().for_each(|what| _ = presence::request(child.slot(), what));
            let flushes = registers::mine().flushes.load(Ordering::SeqCst);
            assert_eq!(presence::entering_user(cpu::this(), child.slot()), Err(both));
            let next = if frozen { Next::Other } else { Next::Same };
            assert_eq!(program.answer(both), next);
            assert_eq!(registers::mine().flushes.load(Ordering::SeqCst), flushes + 1, "nothing was forgotten");
            program.leave();
            set(EnvStatus::Runnable);
        }
    }
}

/// One CPU takes a page away again and again, another one freezes the env, and a third has it in user mode.
#[test]
fn an_env_can_be_frozen_while_its_memory_changes() {
    let mut machine = machine();
    let (count, done) = (AtomicU32::new(0), AtomicBool::new(false));
    let parent = spawn(EnvId::NONE);
    let child = spawn(parent);
    let take_away = || {
        let space = || table::env(child.slot()).space.lock();
        let mut other = in_kernel(start);
        while !done.load(Ordering::SeqCst) {
            let page = in_kernel(PageRef::alloc_zeroed).expect("a frame");
            in_kernel(|| space().map(UTEMP, page, PteFlags::P | PteFlags::U | PteFlags::W)).unwrap();
            in_kernel(|| space().unmap(UTEMP));
            in_kernel(|| other.alloc(UTEMP, 1));
            in_kernel(|| other.poke(UTEMP, &POISON.to_le_bytes()));
            assert_eq!(in_kernel(|| other.call(Syscall::PageUnmap, &[0, UTEMP])), Ok(0));
        }
        in_kernel(|| drop(other));
    };
    machine.parallel(3, |cpu| match cpu {
        1 => be(child, &count, &done),
        2 => take_away(),
        _ => {
            let _done = Done(&done);
            let mut parent = wait_for(parent);
            freeze_and_thaw(&mut parent, child, &count, 60);
            in_kernel(|| parent.leave());
        }
    });
}

/// A frozen env stands still, again and again.
fn freeze_and_thaw(parent: &mut Program, child: EnvId, count: &AtomicU32, rounds: u32) {
    let mut set = |status: EnvStatus| {
        assert_eq!(in_kernel(|| parent.call(Syscall::EnvSetStatus, &[child.0, status as u32])), Ok(0));
    };
    for _ in 0..rounds {
        set(EnvStatus::NotRunnable);
        let seen = count.load(Ordering::SeqCst);
        (0..5).for_each(|_| x86::instr::pause());
        assert_eq!(count.load(Ordering::SeqCst), seen, "a frozen env runs");
        set(EnvStatus::Runnable);
        until(|| (count.load(Ordering::SeqCst) != seen).then_some(()));
    }
}

/// A parent changes its child's page for another one, and the old one goes to somebody who writes his own on it: all while the
/// child is about to copy what it prints.
#[test]
fn race_24_what_is_printed_is_the_env_s_own() {
    const TIMES: usize = 50;
    const LEN: u32 = 500;
    if sync::big::IS_ON {
        // Nobody else is in the kernel meanwhile.
        return;
    }
    let mut machine = machine();
    let (mut parent, done) = (start(), AtomicBool::new(false));
    let child = spawn(parent.id);
    let fresh = |parent: &mut Program, bytes: u8| {
        in_kernel(|| parent.alloc(UTEMP, 1));
        in_kernel(|| parent.poke(UTEMP, &[bytes; LEN as usize]));
    };
    // The first and the last call are for the windows.
    let give = |parent: &mut Program| {
        let embryo = in_kernel(|| parent.call(Syscall::Exofork, &[])).unwrap();
        fresh(parent, b'M');
        assert_eq!(in_kernel(|| parent.call(Syscall::PageMap, &[0, UTEMP, child.0, UTEMP, PUW])), Ok(0));
        // The child's old page is free now, and the next one that is handed out.
        fresh(parent, b'S');
        assert_eq!(in_kernel(|| parent.call(Syscall::EnvDestroy, &[embryo])), Ok(0));
    };
    give(&mut parent);
    let (taker, printer) = (parent.id.slot(), child.slot());
    let copying = format!("copying@{printer}");
    // Locks are not fair: the child would have its own back before the parent.
    let _armed = Armed::new(&[
        &format!("embryo@{taker}:{copying}*{TIMES}"),
        &format!("{copying}:wait-env-vm@{taker}/dying@{taker}*{TIMES}"),
        &format!("calling@{printer}+1:dying@{taker}*{TIMES}"),
    ]);
    ports::take_output();
    let child_work = || {
        let _done = Done(&done);
        let mut program = wait_for(child);
        for _ in 0..TIMES {
            assert_eq!(in_kernel(|| program.call(Syscall::Cputs, &[UTEMP, LEN])), Ok(0));
        }
        in_kernel(|| program.leave());
    };
    let parent_work = || {
        until(|| {
            give(&mut parent);
            done.load(Ordering::SeqCst).then_some(())
        });
    };
    machine.beside(parent_work, child_work);
    let output = ports::take_output();
    assert_eq!(output.matches('S').count(), 0, "somebody else's memory was printed");
    assert_eq!(output.matches('M').count(), TIMES * LEN as usize);
}
