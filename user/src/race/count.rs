//! How often a frame is referred to.

use ulib::{Page, SELF, WRITE};

use super::stage::{FREE, Stage, page_with, references, shared_page_with, until};
use crate::hostile::expect;

/// Where a page is mapped again and again.
const AGAIN: u32 = 0x3000_0000;
/// How often each of two envs does it.
const TIMES: u32 = 8;
/// More than sixteen bits can count.
const MANY: u32 = 1 << 16;
/// What the next owner of a frame writes on it.
const POISON: u32 = 0xdead_dead;

fn map_again(page: Page, times: u32) {
    (0..times).for_each(|n| expect("mapping it again", page.map(SELF, Page::at(AGAIN).plus(n), WRITE), Ok(())));
}

fn unmap_again() {
    (0..TIMES).for_each(|n| expect("unmapping it", Page::at(AGAIN).plus(n).unmap(), Ok(())));
}

/// Two envs map a page that they share, and unmap it, each time at the same moment.
pub(super) fn changed_by_two(mut stage: Stage) {
    let page = shared_page_with(4711);
    let other = stage.actor(move |board| {
        map_again(page, TIMES);
        board.set(FREE, 1);
        until(board, FREE, 2);
        unmap_again();
        board.set(FREE, 3);
        until(board, FREE, 4);
    });
    stage.assemble();
    let before = references(page);
    stage.go();
    map_again(page, TIMES);
    until(stage.board, FREE, 1);
    expect("references when both have mapped it", references(page), before + 2 * TIMES);
    stage.board.set(FREE, 2);
    unmap_again();
    until(stage.board, FREE, 3);
    expect("references when both have unmapped it", references(page), before);
    stage.board.set(FREE, 4);
    stage.end(&[other]);
    expect("what is on it", page.read(0), 4711);
}

/// One env maps a page so often that sixteen bits would count 0, and another one lets go of it in that moment.
pub(super) fn past_sixteen_bits(mut stage: Stage) {
    let page = shared_page_with(4711);
    let other = stage.actor(move |board| {
        expect("unmapping", page.unmap(), Ok(()));
        // Last freed, first handed out: if the frame was free for a moment, it is this one.
        page_with(POISON);
        board.set(FREE, 1);
        until(board, FREE, 2);
    });
    stage.assemble();
    let before = references(page);
    map_again(page, MANY - before);
    expect("the low half of the count", references(page), 0);
    stage.go();
    expect("mapping it once more", page.map(SELF, Page::at(AGAIN).plus(MANY - before), WRITE), Ok(()));
    until(stage.board, FREE, 1);
    expect("the low half of the count", references(page), 0);
    expect("what is on it", page.read(0), 4711);
    stage.board.set(FREE, 2);
    stage.end(&[other]);
}
