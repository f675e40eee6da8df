//! Hostile: takes all memory, and looks whether it comes back.
//!
//! Once by unmapping, once by ending with everything mapped. To be run alone.

#![no_std]
#![no_main]

use core::sync::atomic::Ordering;

use ulib::{Args, EnvRecord, EnvStatus, Error, Page, WRITE, cprintf, envs, fork, sys_exofork, sys_getenvid, sys_yield};
use user::hostile::{Board, exhaust, expect, release};

ulib::entry!(main);

/// Frames that may be missing: what others need for a moment, and caches.
const SLACK: u32 = 8;

fn main(_: Args) {
    let board = Board::shared();
    let first = Page::at(0x1000_0000);
    for round in 1..=3 {
        let fine = board.child_survives(|| {
            let all = exhaust(first);
            board.set(round, all);
            // It is all gone for everybody, and for everything.
            expect("one page more", first.plus(all).alloc(WRITE), Err(Error::NoMem));
            expect("a child more", sys_exofork(), Err(Error::NoMem));
            expect("a fork", fork(), Err(Error::NoMem));
            // Enough for a child, and for none of its pages.
            first.plus(all - 1).unmap().unwrap();
            expect("a fork that fails half-way", fork(), Err(Error::NoMem));
            expect("children of it", children(), 0);
            if round == 2 {
                release(first, all);
                // The page tables are still there, so not fewer.
                let again = exhaust(first);
                assert!(again >= all, "{again} frames after {all} were freed");
            }
        });
        expect("a child that takes all memory", fine, true);
        sys_yield();
    }
    let counts = [1, 2, 3].map(|round| board.get(round));
    let [least, most] = [counts.iter().min(), counts.iter().max()].map(|n| *n.unwrap());
    assert!(most - least <= SLACK, "frames found: {counts:?}");
    cprintf!("hostile_frames: ok\n");
}

/// How many there are of the caller's own.
fn children() -> usize {
    let me = sys_getenvid();
    let is_mine = |record: &&EnvRecord| {
        record.parent_id.load(Ordering::Relaxed) == me.0
            && record.status.load(Ordering::Relaxed) != EnvStatus::Free as u32
    };
    envs().iter().filter(is_mine).count()
}
