//! Fault injection: each taking of a frame or a slot, in each call, fails once; then the call fails with the right code, and
//! nothing whatever has changed.

use std::sync::atomic::Ordering;

use abi::layout::{PGSIZE, UTEMP, UTOP, UXSTACKTOP};
use abi::{EnvId, EnvStatus, Error, NENV, Syscall};

use super::machine::machine;
use super::program::{PU, PUW, Program, peek, run, spawn, start};
use crate::env::life::Tenancy;
use crate::env::load::{self, NotStarted};
use crate::env::table;
use crate::inject::{self, Kind};
use crate::mm::frame::{self, Frame};
use crate::mm::page_table::Entry;
use crate::mm::phys;
use crate::{presence, sched};

/// Far from everything: no page table is there.
const FAR: u32 = 0x5000_0000;

/// All the state there is, as text, so that a difference can be read.
fn state(with_free_slots: bool) -> Vec<String> {
    let mut lines = Vec::new();
    let mut free = Vec::new();
    assert!(frame::for_each_free(|number| free.push(number)));
    free.sort_unstable();
    lines.push(format!("free frames {free:?}"));
    let mut free = Vec::new();
    assert!(table::for_each_free(|slot| free.push(slot)));
    free.sort_unstable();
    lines.push(format!("free slots {free:?}"));
    let refs: Vec<_> = (0..frame::count()).map(|number| frame::refs(Frame(number as u16))).collect();
    lines.push(format!("references {refs:?}"));
    let chunks: Vec<_> = (0..frame::count()).map(|number| frame::chunks(Frame(number as u16))).collect();
    lines.push(format!("chunks {chunks:?}"));
    for cpu in 0..2 {
        lines.push(format!("queue {cpu} {:?}", *sched::books(cpu).0.lock()));
    }
    for slot in 0..NENV {
        let env = table::env(slot);
        let tenancy = env.life.lock().tenancy;
        if tenancy == Tenancy::Free && !with_free_slots {
            continue;
        }
        lines.push(format!("{slot} {:?} {:?} {:?}", *env.life.lock(), *env.mailbox.lock(), env.refused_by));
        lines.push(format!("{slot} on {:?} {:?}", presence::on_cpu(slot), table::record(slot)));
        let directory = env.space.lock().tenant().2;
        lines.push(format!("{slot} {:?}", *env.space.lock()));
        directory.into_iter().for_each(|directory| memory(directory, &mut lines));
    }
    lines
}

/// A space: the words of its tables, and a sum of each page.
fn memory(directory: Frame, lines: &mut Vec<String>) {
    let words = |frame| phys::table(frame).each_ref().map(|word| word.load(Ordering::Relaxed));
    lines.push(format!("directory {:x?}", words(directory)));
    for above in words(directory)[..UTOP as usize >> 22].iter().filter_map(|&word| Entry::decode(word)) {
        lines.push(format!("table {:x?}", words(above.frame)));
        for page in words(above.frame).iter().filter_map(|&word| Entry::decode(word)) {
            let sum = words(page.frame).iter().fold(0_u32, |sum, &word| sum.rotate_left(5) ^ word);
            lines.push(format!("page {:x} {sum:x}", page.frame.0));
        }
    }
}

/// Lets the first, second, ... taking of a kind fail, and compares everything, until the act no longer takes that many;
/// gives back how many it takes. The last time the act succeeds.
fn takings<T: std::fmt::Debug + PartialEq, E: std::fmt::Debug + PartialEq>(
    kind: Kind,
    error: &E,
    with_free_slots: bool,
    mut act: impl FnMut() -> Result<T, E>,
) -> u32 {
    for first in 1.. {
        let before = state(with_free_slots);
        inject::arm(kind, first, 0);
        let result = act();
        let failed = inject::failed(kind);
        inject::arm(kind, 0, 0);
        if failed == 0 {
            assert!(result.is_ok(), "{result:?} though nothing failed");
            return first - 1;
        }
        assert_eq!(result.as_ref().err(), Some(error), "{kind:?} number {first}");
        for (before, after) in before.iter().zip(state(with_free_slots)) {
            assert_eq!(*before, after, "changed when {kind:?} number {first} failed");
        }
    }
    unreachable!("some taking is the last")
}

/// How many slots a call takes, having let each of them fail. In the end it has succeeded.
fn slots(program: &mut Program, call: Syscall, arguments: &[u32]) -> u32 {
    takings(Kind::Slot, &Error::NoFreeEnv, true, || program.call(call, arguments))
}

/// As [`slots`], for frames.
fn frames(program: &mut Program, call: Syscall, arguments: &[u32]) -> u32 {
    takings(Kind::Frame, &Error::NoMem, true, || program.call(call, arguments))
}

#[test]
fn every_call_about_pages_fails_whole() {
    let _machine = machine();
    let mut parent = start();
    let child = spawn(parent.id).0;
    parent.alloc(UTEMP, 1);
    parent.poke(UTEMP, b"kept");
    // A page in place of another; one beside it; one with a page table of its own, here and in a child.
    for (env, va, due) in [(0, UTEMP, 1), (0, UTEMP + PGSIZE, 1), (0, FAR, 2), (child, FAR, 2), (child, FAR, 1)] {
        assert_eq!(frames(&mut parent, Syscall::PageAlloc, &[env, va, PUW]), due, "{env:x} {va:x}");
    }
    let far = FAR + (16 << 22);
    for (target, va, due) in [(0, UTEMP, 0), (0, far, 1), (child, far, 1), (child, far, 0), (child, FAR, 0)] {
        assert_eq!(frames(&mut parent, Syscall::PageMap, &[0, UTEMP, target, va, PU]), due, "{target:x} {va:x}");
    }
    for (env, va) in [(0, far), (child, far), (child, FAR), (0, FAR + (1 << 22))] {
        assert_eq!(frames(&mut parent, Syscall::PageUnmap, &[env, va]), 0);
    }
}

#[test]
fn every_call_about_envs_fails_whole() {
    let _machine = machine();
    let mut parent = start();
    let child = spawn(parent.id).0;
    assert_eq!(slots(&mut parent, Syscall::Exofork, &[]), 1);
    // A slot that never had a tenant is not poisoned yet, whatever ran before.
    let tenant = parent.call(Syscall::Exofork, &[]).unwrap();
    assert_eq!(parent.call(Syscall::EnvDestroy, &[tenant]), Ok(0));
    assert_eq!(frames(&mut parent, Syscall::Exofork, &[]), 1);
    for (number, arguments) in [
        (Syscall::Getenvid, &[][..]),
        (Syscall::Cgetc, &[]),
        (Syscall::Cputs, &[UTOP, 0]),
        (Syscall::EnvSetStatus, &[child, EnvStatus::NotRunnable as u32]),
        (Syscall::EnvSetStatus, &[child, EnvStatus::Runnable as u32]),
        (Syscall::EnvSetPgfaultUpcall, &[child, UTEMP]),
        (Syscall::Yield, &[]),
    ] {
        assert_eq!(frames(&mut parent, number, arguments), 0, "{number:?}");
        assert_eq!(slots(&mut parent, number, arguments), 0, "{number:?}");
    }
    assert_eq!(frames(&mut parent, Syscall::EnvDestroy, &[child]), 0);
}

#[test]
fn a_message_that_finds_no_memory_is_not_sent_and_the_next_one_is() {
    let _machine = machine();
    let sender = spawn(EnvId::NONE);
    let receiver = spawn(EnvId::NONE);
    for (place, due) in [(FAR, 1), (FAR, 0), (UTOP, 0)] {
        let mut receiving = run(receiver);
        assert_eq!(frames(&mut receiving, Syscall::IpcRecv, &[place]), 0);
        receiving.leave();
        let mut program = run(sender);
        program.alloc(UTEMP, 1);
        program.poke(UTEMP, b"a page");
        assert_eq!(frames(&mut program, Syscall::IpcTrySend, &[receiver.0, 7, UTEMP, PU]), due);
        program.leave();
        assert_eq!(peek(receiver, FAR), Some(*b"a page"));
        assert_eq!(table::record(receiver.slot()).ipc_value.load(Ordering::Relaxed), 7);
    }
}

#[test]
fn a_page_fault_takes_no_frame() {
    let _machine = machine();
    let mut program = start();
    program.alloc(UXSTACKTOP - PGSIZE, 1);
    assert_eq!(program.call(Syscall::EnvSetPgfaultUpcall, &[0, 0x1234]), Ok(0));
    inject::arm(Kind::Frame, 1, 1);
    program.fault(FAR, 0);
    assert_eq!((program.frame.eip, inject::failed(Kind::Frame)), (0x1234, 0));
    inject::arm(Kind::Frame, 0, 0);
}

#[test]
fn a_program_that_finds_no_room_is_not_started() {
    let _machine = machine();
    let start = || load::start("hello:with:arguments").map(drop);
    // The id of a slot that was in use for a moment is used up, as in JOS. All else is as before.
    assert_eq!(takings(Kind::Slot, &NotStarted::Full(Error::NoFreeEnv), false, start), 1);
    // The directory; page tables for text and stack; pages: one of text, four of data, one of stack.
    assert_eq!(takings(Kind::Frame, &NotStarted::Full(Error::NoMem), false, start), 9);
}

#[test]
fn failures_come_when_they_are_due() {
    let _machine = machine();
    inject::arm(Kind::Slot, 3, 2);
    let fails: Vec<_> = (0..8).map(|_| inject::fails(Kind::Slot)).collect();
    assert_eq!(fails, [false, false, true, false, true, false, true, false]);
    assert_eq!(inject::failed(Kind::Slot), 3);
    assert!(!inject::fails(Kind::Frame), "the other kind has its own plan");
    inject::arm(Kind::Slot, 0, 0);
    assert!(!inject::fails(Kind::Slot));
}
