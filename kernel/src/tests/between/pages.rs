//! Pages that go away while they are used.

use std::sync::Mutex;

use abi::layout::{PGSIZE, USTACKTOP, UTEMP, UXSTACKTOP};
use abi::{EnvId, Error, Syscall};

use super::machine::{leave_frames, machine};
use super::program::{PU, PUW, Program, destroy, start};
use super::{between, each_moment};
use crate::env::table;
use crate::mm::frame::PageRef;
use crate::x86::ports;

/// An env on this CPU, with `pages` mapped.
fn with(pages: &[u32]) -> Program {
    let mut program = start();
    pages.iter().for_each(|&va| program.alloc(va, 1));
    program
}

/// Unmaps a page of an env, as its parent could.
fn unmap(id: EnvId, va: u32) {
    table::env(id.slot()).space.lock().unmap(va);
}

/// What a free frame is filled with is looked at when the test is over: whoever writes to one is found.
#[test]
fn race_24_an_exception_stack_goes_away_while_a_fault_goes_there() {
    const XSTACK: u32 = UXSTACKTOP - PGSIZE;
    let _machine = machine();
    each_moment(|nth| {
        let mut program = with(&[XSTACK]);
        let id = program.id;
        assert_eq!(program.call(Syscall::EnvSetPgfaultUpcall, &[0, 0x80_0000]), Ok(0));
        program.frame.esp = USTACKTOP;
        between(nth, move || unmap(id, XSTACK), || program.fault(0x1234, 0))
    });
}

#[test]
fn race_24_a_string_goes_away_while_it_is_printed() {
    const TEXT: u32 = UTEMP + PGSIZE - 300;
    let _machine = machine();
    each_moment(|nth| {
        let mut program = with(&[UTEMP, UTEMP + PGSIZE]);
        let id = program.id;
        program.poke(TEXT, &[b'x'; 600]);
        ports::take_output();
        let gone = move || [UTEMP, UTEMP + PGSIZE].into_iter().for_each(|va| unmap(id, va));
        let came = between(nth, gone, || program.trap_call(Syscall::Cputs as u32, &[TEXT, 600]));
        let printed = ports::take_output();
        // The word that free frames are filled with is no text.
        assert!(printed.is_ascii(), "what is on a free frame is printed: {printed}");
        came
    });
}

#[test]
fn race_14_a_page_goes_away_while_it_is_given() {
    let _machine = machine();
    for (call, mut arguments) in [
        (Syscall::PageMap, [0, UTEMP, 0, UTEMP + PGSIZE, PUW]),
        (Syscall::PageMap, [0, UTEMP, 0, UTEMP, PU]),
        (Syscall::IpcTrySend, [0, 7, UTEMP, PUW, 0]),
    ] {
        each_moment(|nth| {
            let mut receiver = start();
            let to = receiver.id;
            assert_eq!(receiver.call(Syscall::IpcRecv, &[UTEMP]), Ok(0));
            receiver.leave();
            if call == Syscall::IpcTrySend {
                arguments[0] = to.0;
            }
            let mut giver = with(&[UTEMP]);
            let (id, mut answer) = (giver.id, Ok(0));
            let came = between(nth, move || unmap(id, UTEMP), || answer = giver.call(call, &arguments));
            assert!(matches!(answer, Ok(0) | Err(Error::Inval)), "{call:?}: {answer:?}");
            destroy(to);
            came
        });
    }
}

#[test]
fn race_40_another_cpu_takes_the_last_frames() {
    const LEFT: usize = 3;
    let _machine = machine();
    let hoard = leave_frames(LEFT);
    let taken = Mutex::new(Vec::new());
    let take_all = || taken.lock().unwrap().extend(core::iter::from_fn(PageRef::alloc));
    let count = || core::mem::take(&mut *taken.lock().unwrap()).len();
    each_moment(|nth| {
        let mut mine = None;
        let came = between(nth, take_all, || mine = PageRef::alloc());
        take_all();
        assert_eq!(usize::from(mine.is_some()) + count(), LEFT, "moment {nth} of taking one");
        came
    });
    each_moment(|nth| {
        let mine = PageRef::alloc().unwrap();
        let came = between(nth, take_all, || drop(mine));
        take_all();
        assert_eq!(count(), LEFT, "moment {nth} of giving one back");
        came
    });
    drop(hoard);
}
