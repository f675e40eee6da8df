//! Hostile: a parent changes the mappings of a child that uses them at the same time, on another CPU.
//!
//! Two such families run at once. A child writes counts to a page as fast as it can; the parent
//! takes the page away, makes it read-only, or puts another in its place. From the moment its call
//! returns, no count may arrive any more where the child may not write. And nobody may ever see a word
//! of the other family, though both free frames and get them anew all the time.

#![no_std]
#![no_main]

use core::hint;
use core::sync::atomic::Ordering;

use ulib::{
    Args, EnvId, Page, PteFlags, READ, UTrapframe, WRITE, cprintf, set_pgfault_handler, sys_page_alloc, sys_page_unmap,
    sys_yield, wait,
};
use user::hostile::{Board, child, expect};
use user::rng::Rng;

ulib::entry!(main);

const ROUNDS: u32 = 300;

/// The child's page, and its parent's mapping of the same frame.
const THERE: u32 = 0x2000_0000;
const HERE: u32 = 0x3000_0000;
/// The parent's other frame.
const OTHER: u32 = 0x3000_1000;

fn main(args: Args) {
    let board = Board::shared();
    let rounds = args.number(1, ROUNDS);
    let families = [1, 2].map(|family| child(|| parent(board, family, rounds)));
    families.into_iter().for_each(wait);
    expect("families that came to their end", board.get(0), 2);
    cprintf!("hostile_maps: ok\n");
}

fn parent(board: Board, family: u32, rounds: u32) {
    let (here, other, there) = (Page::at(HERE), Page::at(OTHER), Page::at(THERE));
    let stop = family as usize;
    let child = child_of(board, family);
    let mut rng = Rng::new(family);

    for _ in 0..rounds {
        for page in [here, other] {
            page.alloc(WRITE | PteFlags::SHARE).unwrap();
            page.write(0, family << 24);
        }
        here.map(child, there, WRITE).unwrap();
        // Let it write for a while, or not at all.
        for _ in 0..rng.below(4) {
            sys_yield();
        }
        match rng.below(4) {
            0 => sys_page_unmap(child, THERE).unwrap(),
            1 => here.map(child, there, READ).unwrap(),
            2 => other.map(child, there, WRITE).unwrap(),
            _ => sys_page_alloc(child, THERE, WRITE).unwrap(),
        }
        still(here, family);
        // The frames may go to the other family now, unless the child has one of them still.
        here.unmap().unwrap();
        other.unmap().unwrap();
    }

    // Something to write to, so that it sees that it is to stop; before, since it may have something already and end at once.
    sys_page_alloc(child, THERE, WRITE).unwrap();
    board.set(stop, 1);
    wait(child);
    board.word(0).fetch_add(1, Ordering::SeqCst);
}

/// Panics if the page changes, though nobody but the caller may write to it.
fn still(page: Page, family: u32) {
    let before = page.read(0);
    expect("the family of a count", before >> 24, family);
    for _ in 0..2000 {
        hint::spin_loop();
    }
    expect("a count after the page was taken away", page.read(0), before);
}

/// A child that counts in its page until told to stop.
fn child_of(board: Board, family: u32) -> EnvId {
    let there = Page::at(THERE);
    let child = child(|| {
        // After the fork, so in place of `fork`'s handler. A write to the global of the handler, and the
        // stack is its own already: no copy on write is left to be done.
        set_pgfault_handler(wait_for_page).unwrap();
        let mut count = 0;
        while board.get(family as usize) == 0 {
            let seen = there.read(0);
            let whose = seen >> 24;
            assert!(whose == family || seen == 0, "family {family} sees {seen:08x}");
            count = (count + 1) & 0xff_ffff;
            there.write(0, family << 24 | count);
        }
    });
    // What was mapped at the fork is of no use to it.
    sys_page_unmap(child, THERE).unwrap();
    child
}

/// The access will be tried again; the parent brings the page back at some time.
fn wait_for_page(frame: &mut UTrapframe) {
    let va = frame.fault_va;
    assert!(va == THERE, "page fault at va {va:08x}");
    sys_yield();
}
