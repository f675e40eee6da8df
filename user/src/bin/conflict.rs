//! What system calls touch: two workers on two CPUs make every call on things that are only theirs.
//!
//! `conflict:ROUNDS`. Each operation is marked with its kind (`ulib::mark`), so that an emulator that looks on can say
//! which lines of the kernel's memory it touched. The numbers of the kinds are those of `scripts/host/src/conflicts.rs`.

#![no_std]
#![no_main]

use core::hint::spin_loop;
use core::sync::atomic::{AtomicU32, Ordering};

use ulib::{
    Args, EnvId, EnvStatus, Page, PteFlags, SELF, WRITE, cprintf, fork, mark, sys_env_destroy,
    sys_env_set_pgfault_upcall, sys_env_set_status, sys_exofork, sys_getenvid, sys_ipc_try_send, sys_page_alloc,
    sys_page_map, sys_page_unmap, sys_yield,
};

ulib::entry!(main);

const SHARED: u32 = 0x1000_0000;
const OWN: u32 = 0x2000_0000;
/// An address above all a program can map: no page.
const NOTHING: u32 = 0xf000_0000;

/// Rounds before those that count: caches fill, page tables appear.
const WARM_UP: u32 = 80;

fn main(args: Args) {
    let rounds = args.number(1, 64);
    let shared = Page::at(SHARED);
    shared.alloc(WRITE | PteFlags::SHARE).unwrap();
    let [started, ready, turn, send, done] = [0, 1, 2, 3, 4].map(|i| shared.atomic(i));
    let first = fork().unwrap() != SELF;
    // Each takes its CPU, and makes there what is to be its own.
    started.fetch_add(1, Ordering::AcqRel);
    await_value(started, 2);
    let child = sys_exofork().unwrap();
    assert!(child != SELF, "a child that nobody told to runs");
    // Both have one before either has the next, so that slots of the two take turns if the kernel hands them out one by one.
    started.fetch_add(1, Ordering::AcqRel);
    await_value(started, 4);
    let page = Page::at(OWN);
    page.alloc(WRITE | PteFlags::SHARE).unwrap();
    page.plus(1).alloc(WRITE).unwrap();

    (0..WARM_UP).for_each(|_| round::<0, false>(child, page));
    ready.fetch_add(1, Ordering::AcqRel);
    await_value(ready, 2);
    mark::window_begin();
    if first {
        measured::<0>(rounds, [turn, send], child, page)
    } else {
        measured::<1>(rounds, [turn, send], child, page)
    }
    if done.fetch_add(1, Ordering::AcqRel) == 1 {
        mark::window_end();
        cprintf!("conflict: done\n");
    }
    await_value(done, 2);
    sys_env_destroy(child).unwrap();
}

/// Waits without a system call: a CPU that is not busy would take on the other worker.
fn await_value(word: &AtomicU32, value: u32) {
    while word.load(Ordering::Acquire) < value {
        spin_loop();
    }
}

/// Every call: worker 0 alone, then both at once.
///
/// The refused messages come last. An env rests when it yields after one, and its CPU takes on others; kind 2 is to be the
/// yield of an env that waits for nobody, on the CPU where it has always been.
fn measured<const WORKER: u32>(rounds: u32, [turn, send]: [&AtomicU32; 2], child: EnvId, page: Page) {
    in_turn::<WORKER>(turn, || (0..rounds).for_each(|_| round::<WORKER, true>(child, page)));
    in_turn::<WORKER>(send, || (0..rounds).for_each(|_| refused::<WORKER>(child)));
}

/// Does `work` twice: worker 0 first by itself, then with worker 1.
fn in_turn<const WORKER: u32>(turn: &AtomicU32, mut work: impl FnMut()) {
    if WORKER == 0 {
        work();
        turn.store(1, Ordering::Release);
    }
    await_value(turn, 1);
    work();
    if WORKER == 1 {
        work();
    }
}

/// Does `work`, as an operation of kind `KIND` if it counts.
#[inline(always)]
fn operation<const WORKER: u32, const KIND: u32, const COUNTS: bool, R>(work: impl FnOnce() -> R) -> R {
    if COUNTS {
        mark::op_begin::<WORKER, KIND>();
    }
    let result = work();
    if COUNTS {
        mark::op();
    }
    result
}

fn round<const WORKER: u32, const COUNTS: bool>(child: EnvId, page: Page) {
    let other = page.plus(1);
    operation::<WORKER, 1, COUNTS, _>(sys_getenvid);
    operation::<WORKER, 2, COUNTS, _>(sys_yield);
    operation::<WORKER, 3, COUNTS, _>(|| sys_page_alloc(SELF, other.va(), WRITE)).unwrap();
    operation::<WORKER, 4, COUNTS, _>(|| sys_page_unmap(SELF, other.va())).unwrap();
    operation::<WORKER, 5, COUNTS, _>(|| sys_page_map(SELF, page.va(), SELF, other.va(), WRITE)).unwrap();
    operation::<WORKER, 6, COUNTS, _>(|| sys_page_map(SELF, page.va(), child, other.va(), WRITE)).unwrap();
    operation::<WORKER, 7, COUNTS, _>(|| sys_page_unmap(child, other.va())).unwrap();
    let born = operation::<WORKER, 8, COUNTS, _>(sys_exofork).unwrap();
    assert!(born != SELF, "a child that nobody told to runs");
    operation::<WORKER, 9, COUNTS, _>(|| sys_env_destroy(born)).unwrap();
    operation::<WORKER, 10, COUNTS, _>(|| sys_env_set_status(child, EnvStatus::NotRunnable)).unwrap();
    operation::<WORKER, 11, COUNTS, _>(|| sys_env_set_pgfault_upcall(child, 0x80_0020)).unwrap();
}

fn refused<const WORKER: u32>(child: EnvId) {
    let answer = operation::<WORKER, 12, true, _>(|| sys_ipc_try_send(child, 1, NOTHING, PteFlags::empty()));
    assert_eq!(answer, Err(ulib::Error::IpcNotRecv));
}
