//! Where the actors of a race meet: nobody begins before all are there, and the windows open when they do.

use core::hint;
use core::sync::atomic::Ordering;

use ulib::syscall::{OPEN, SHUT};
use ulib::{EnvId, Page, PteFlags, WRITE, page_info, raw, sys_yield, uvpt, wait};

use crate::hostile::{Board, child, expect};

/// Words of the board: how many actors are there; whether they may begin.
const READY: usize = 1;
const GO: usize = 2;
/// The words from here on are a scenario's own.
pub(super) const FREE: usize = 8;

/// An address where nothing is, in a page table of its own, for what a scenario maps.
pub(super) const VA: u32 = 0x2000_0000;

/// The parent's place in a scenario.
pub(super) struct Stage {
    pub(super) board: Board,
    actors: u32,
}

impl Stage {
    pub(super) fn new() -> Stage {
        Stage { board: Board::shared(), actors: 0 }
    }

    /// Forks an actor, which does `part` once all may begin. Actors are in slots 1, 2, ... in the order of these calls.
    pub(super) fn actor(&mut self, part: impl FnOnce(Board)) -> EnvId {
        self.prepared(|_| (), |board, ()| part(board))
    }

    /// The same for one with something to do before.
    pub(super) fn prepared<S>(&mut self, before: impl FnOnce(Board) -> S, part: impl FnOnce(Board, S)) -> EnvId {
        let board = self.board;
        self.actors += 1;
        let id = child(|| {
            let prepared = before(board);
            board.word(READY).fetch_add(1, Ordering::SeqCst);
            // In user mode, so that no system call of the actor's is among those that count.
            until(board, GO, 1);
            part(board, prepared);
        });
        expect("the slot of an actor", id.slot(), self.actors as usize);
        id
    }

    /// Says that only so many actors will be there when it begins: the others are blocked by then.
    pub(super) fn enough(&mut self, actors: u32) {
        self.actors = actors;
    }

    /// Opens the windows and lets all actors begin, once they are there.
    pub(super) fn go(&self) {
        self.assemble();
        self.open();
        self.board.set(GO, 1);
    }

    /// Lets all actors begin, once they are there; the windows stay shut.
    pub(super) fn begin(&self) {
        self.assemble();
        self.board.set(GO, 1);
    }

    /// Waits until all actors are there.
    pub(super) fn assemble(&self) {
        while self.board.get(READY) < self.actors {
            sys_yield();
        }
    }

    /// Opens the windows.
    pub(super) fn open(&self) {
        open_windows();
    }

    /// Shuts the windows.
    pub(super) fn shut(&self) {
        raw::syscall4(SHUT, 0, 0, 0, 0);
    }

    /// Shuts the windows and waits for actors to end.
    pub(super) fn end(&self, actors: &[EnvId]) {
        actors.iter().for_each(|&actor| wait(actor));
        self.shut();
    }
}

/// Opens the windows; for an actor whose next steps count.
pub fn open_windows() {
    raw::syscall4(OPEN, 0, 0, 0, 0);
}

/// Waits in user mode until a word of the board has at least this value.
pub(super) fn until(board: Board, word: usize, least: u32) {
    while board.get(word) < least {
        hint::spin_loop();
    }
}

/// A fresh page at [`VA`] with a number in it.
pub(super) fn page_with(number: u32) -> Page {
    fresh_page(number, WRITE)
}

/// The same, for the parent and all actors to come.
pub(super) fn shared_page_with(number: u32) -> Page {
    fresh_page(number, WRITE | PteFlags::SHARE)
}

fn fresh_page(number: u32, flags: PteFlags) -> Page {
    let page = Page::at(VA);
    expect("a fresh page", page.alloc(flags), Ok(()));
    page.write(0, number);
    page
}

/// How often the frame is referred to that is mapped at a page; the low half of that, which is what programs see.
pub(super) fn references(page: Page) -> u32 {
    let info = page_info(uvpt(page.va() as usize >> 12) as usize >> 12).unwrap();
    info.refs.load(Ordering::SeqCst) & 0xffff
}
