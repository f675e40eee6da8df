//! Page tables, frames, buffers.

use core::hint;
use core::sync::atomic::Ordering;

use ulib::{
    Page, SELF, WRITE, alive, sys_cputs_at, sys_env_destroy, sys_env_set_pgfault_upcall, sys_page_alloc, sys_page_map,
    sys_page_unmap, sys_yield,
};

use super::stage::{FREE, Stage, VA, page_with, references, until};
use crate::hostile::{Board, exhaust, expect, release};

const OTHER: u32 = 0x2200_0000;
/// What the next owner of a frame writes on it.
const POISON: u32 = 0xdead_dead;

/// A page is found in a child, which unmaps it before it is mapped again.
pub(super) fn unmapped_after_the_look(mut stage: Stage) {
    let owner = stage.prepared(
        |_| page_with(4711),
        |_, page| {
            expect("unmapping", page.unmap(), Ok(()));
            // Last freed, first handed out: if the frame was free for a moment, it is this one.
            page_with(POISON);
        },
    );
    stage.go();
    expect("mapping the child's page", sys_page_map(owner, VA, SELF, OTHER, WRITE), Ok(()));
    stage.end(&[owner]);
    expect("what is on it", Page::at(OTHER).read(0), 4711);
    expect("who refers to it", references(Page::at(OTHER)), 1);
}

/// Two CPUs need the same page table, which is not there yet.
pub(super) fn same_table(mut stage: Stage) {
    let child = stage.actor(|board| {
        let mine = Page::at(OTHER + 0x1000);
        expect("a page for itself", mine.alloc(WRITE), Ok(()));
        mine.write(0, 1);
        until(board, FREE, 1);
        // Both are there, in one table.
        expect("the own page", mine.read(0), 1);
        expect("the page given", Page::at(OTHER).read(0), 0);
    });
    stage.go();
    expect("a page for the child", sys_page_alloc(child, OTHER, WRITE), Ok(()));
    stage.board.set(FREE, 1);
    stage.end(&[child]);
}

/// A child ends while its parent looks a page of its up.
pub(super) fn walked_while_freed(mut stage: Stage) {
    let child = stage.prepared(|_| page_with(4711), |_, _| ());
    stage.go();
    expect("mapping the child's page", sys_page_map(child, VA, SELF, OTHER, WRITE), Ok(()));
    stage.end(&[child]);
    expect("what is on it", Page::at(OTHER).read(0), 4711);
}

/// A child goes on writing to a page while it is taken away: not once it belongs to somebody else.
pub(super) fn not_yet_forgotten(mut stage: Stage) {
    let writer = stage.prepared(
        |_| {
            // Its last write is to be its end, and nothing more.
            expect("no handler", sys_env_set_pgfault_upcall(SELF, 0), Ok(()));
            page_with(0)
        },
        |board, page| {
            loop {
                board.word(FREE).fetch_add(1, Ordering::SeqCst);
                page.write(1, 1);
            }
        },
    );
    stage.begin();
    until(stage.board, FREE, 1000);
    stage.open();
    expect("unmapping", sys_page_unmap(writer, VA), Ok(()));
    let mine = Page::at(OTHER);
    expect("the frame, or another", mine.alloc(WRITE), Ok(()));
    for _ in 0..20_000 {
        hint::spin_loop();
        expect("a word of the new owner", mine.read(1), 0);
    }
    stage.end(&[writer]);
}

/// A child reads a page while another is put in its place: never the old one once the call has returned, nor anybody else's.
pub(super) fn changed_under_a_reader(mut stage: Stage) {
    let reader = stage.prepared(|_| page_with(1), read);
    stage.board.set(FREE + 1, 1);
    stage.begin();
    until(stage.board, FREE, 1000);
    let mine = Page::at(OTHER);
    expect("a page", mine.alloc(WRITE), Ok(()));
    mine.write(0, 2);
    stage.open();
    expect("remapping", mine.map(reader, Page::at(VA), WRITE), Ok(()));
    stage.board.set(FREE + 1, 2);
    let before = stage.board.get(FREE);
    until(stage.board, FREE, before + 1000);
    expect("destroying the reader", sys_env_destroy(reader), Ok(()));
    stage.end(&[reader]);
}

fn read(board: Board, page: Page) {
    loop {
        let least = board.get(FREE + 1);
        // Anything else is what the kernel fills free frames with.
        let seen = page.read(0);
        assert!((least..=2).contains(&seen), "{seen:08x} is on a page that has been replaced");
        board.word(FREE).fetch_add(1, Ordering::SeqCst);
    }
}

/// A child wants its own memory while another CPU is about to wait for it to leave user mode.
pub(super) fn both_want_the_space(mut stage: Stage) {
    let child =
        stage.prepared(|_| page_with(0), |_, _| expect("another page", Page::at(VA).plus(1).alloc(WRITE), Ok(())));
    stage.go();
    expect("unmapping", sys_page_unmap(child, VA), Ok(()));
    stage.end(&[child]);
}

/// A string is unmapped while it is printed.
pub(super) fn buffer_vanishes(mut stage: Stage) {
    let printer = stage.prepared(
        |_| {
            let page = page_with(0);
            page.write_bytes(b"a string that was there when it was looked at\n\0");
            page
        },
        |board, page| {
            sys_cputs_at(page.va(), 48);
            until(board, FREE, 1);
        },
    );
    stage.go();
    expect("unmapping", sys_page_unmap(printer, VA), Ok(()));
    stage.board.set(FREE, 1);
    stage.end(&[printer]);
}

/// Two envs print lines at the same time.
pub(super) fn lines(mut stage: Stage) {
    let other = stage.actor(|_| ulib::cprintf!("the one line, from beginning to end\n"));
    stage.go();
    ulib::cprintf!("the other line, from beginning to end\n");
    stage.end(&[other]);
}

/// Three envs print lines at the same time.
pub(super) fn three_lines(mut stage: Stage) {
    let second = stage.actor(|_| ulib::cprintf!("the second line, from beginning to end\n"));
    let third = stage.actor(|_| ulib::cprintf!("the third line, from beginning to end\n"));
    stage.go();
    ulib::cprintf!("the first line, from beginning to end\n");
    stage.end(&[second, third]);
}

/// All frames are taken but those that another CPU is about to give back.
pub(super) fn last_frame(mut stage: Stage) {
    let giver = stage.prepared(
        |_| {
            let page = page_with(0);
            expect("a page", page.plus(1).alloc(WRITE), Ok(()));
            page
        },
        |board, page| {
            until(board, FREE, 1);
            expect("unmapping", page.unmap(), Ok(()));
            // A second one, should the last page want a page table.
            expect("unmapping", page.plus(1).unmap(), Ok(()));
            until(board, FREE, 2);
        },
    );
    // It needs frames of its own before there are none.
    stage.assemble();
    let first = Page::at(0x3000_0000);
    let pages = exhaust(first);
    stage.go();
    stage.board.set(FREE, 1);
    expect("the last frame", first.plus(pages).alloc(WRITE), Ok(()));
    stage.shut();
    release(first, pages + 1);
    stage.board.set(FREE, 2);
    stage.end(&[giver]);
}

/// A child looks at a place all the time while a fresh page comes there.
pub(super) fn fresh_page(mut stage: Stage) {
    let dirty = Page::at(OTHER);
    let reader = stage.prepared(
        |_| page_with(0),
        |board, page| {
            loop {
                let seen = page.read(0);
                assert!(seen == 0, "the page was {seen:08x} before it was zero");
                board.word(FREE).fetch_add(1, Ordering::SeqCst);
                sys_yield();
            }
        },
    );
    expect("a page", dirty.alloc(WRITE), Ok(()));
    dirty.write(0, POISON);
    expect("unmapping", dirty.unmap(), Ok(()));
    stage.begin();
    until(stage.board, FREE, 10);
    stage.open();
    expect("a fresh page", sys_page_alloc(reader, VA, WRITE), Ok(()));
    let before = stage.board.get(FREE);
    until(stage.board, FREE, before + 10);
    assert!(alive(reader), "the reader has failed");
    expect("destroying the reader", sys_env_destroy(reader), Ok(()));
    stage.end(&[reader]);
}
