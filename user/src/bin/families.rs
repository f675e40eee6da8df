//! What `fork` and `sfork` promise: all that `sfork` made share one memory, whatever the pages were before; `fork` shares
//! none of it; and a child has all it needs when it begins.

#![no_std]
#![no_main]

use core::hint::black_box;
use core::sync::atomic::{AtomicU32, Ordering};

use ulib::layout::{PGSIZE, USTACKTOP};
use ulib::{
    Args, EnvId, EnvRecord, EnvStatus, Page, PteFlags, READ, SELF, WORDS, WRITE, cprintf, envs, exit, flags_at, sfork,
    sys_env_set_pgfault_upcall, sys_getenvid, sys_page_alloc, sys_page_unmap, sys_yield, wait,
};
use user::hostile::{Board, child, expect};

ulib::entry!(main);

/// Children that are made while another env looks.
const CHILDREN: u32 = 300;

/// Enough for the largest frame here, and for `sfork` below it.
const STACK_PAGES: u32 = 5;

static SUM: AtomicU32 = AtomicU32::new(0);

fn main(_: Args) {
    let board = Board::shared();
    share(board);
    // Where every page is left from a fork.
    expect("whether a child shares with its own", board.child_survives(|| share(board)), true);
    expect("the sum in the parent of that", SUM.load(Ordering::SeqCst), 111);
    keep_rights(board);
    reach_every_page(board);
    begin_ready(board);
    keep_the_stack(board);
    cprintf!("families: ok\n");
}

/// Two children add to a number when both are there. Uses word 1.
fn share(board: Board) {
    board.set(1, 0);
    // From here on the page is this env's own.
    SUM.store(1, Ordering::SeqCst);
    let adders = [10, 100].map(|number| adder(board, number));
    board.set(1, 1);
    adders.into_iter().for_each(wait);
    expect("the sum", SUM.load(Ordering::SeqCst), 111);
    wait(child(|| SUM.store(0, Ordering::SeqCst)));
    expect("the sum after a fork", SUM.load(Ordering::SeqCst), 111);
}

fn adder(board: Board, number: u32) -> EnvId {
    let child = sfork().unwrap();
    if child == SELF {
        while board.get(1) == 0 {
            sys_yield();
        }
        SUM.fetch_add(number, Ordering::SeqCst);
        exit();
    }
    child
}

/// What may only be read may only be read by a child, and what was copied is a page like any other.
fn keep_rights(board: Board) {
    let page = Page::at(0x0200_0000);
    page.alloc(WRITE).unwrap();
    page.write(0, 7);
    page.map(SELF, page, READ).unwrap();
    board.dies("a child's write to what may only be read", || {
        // To the handler of `fork` it would be a mistake that ends in the monitor, or a page to copy.
        expect("marked as copy-on-write", flags_at(page.va()).contains(PteFlags::COW), false);
        sys_env_set_pgfault_upcall(SELF, 0).unwrap();
        page.write(0, 8);
    });
    let survives = board.child_survives(|| {
        expect("what may only be read", page.read(0), 7);
        SUM.store(3, Ordering::SeqCst);
        let flags = flags_at(ulib::address(&raw const SUM));
        expect("the rights to a page that was copied", flags & PteFlags::SYSCALL, WRITE);
    });
    expect("whether a child has the rights it should have", survives, true);
    page.unmap().unwrap();
}

/// A child has every page, be there none beside it; and all of a page table that has none beside it.
fn reach_every_page(board: Board) {
    const TABLE: u32 = 0x40_0000;
    let lonely = |number: u32| match number {
        0..8 => Page::at(0x0300_0000).plus(number * 9),
        _ => Page::at(0x1000_0000 + number * 9 * TABLE),
    };
    (0..16).for_each(|number| {
        lonely(number).alloc(WRITE).unwrap();
        lonely(number).write(0, number + 1);
    });
    let survives = board.child_survives(|| {
        (0..16).for_each(|number| expect("what is on a page", lonely(number).read(0), number + 1));
    });
    expect("whether a child has every page", survives, true);
    (0..16).for_each(|number| lonely(number).unmap().unwrap());
}

/// No child is seen to run, or to be ready to, before it has an upcall. Uses words 1 and 2.
fn begin_ready(board: Board) {
    let parent = sys_getenvid();
    (1..3).for_each(|word| board.set(word, 0));
    let observer = child(|| {
        while board.get(1) == 0 {
            // The slots freed last are the first to be used again.
            for _ in 0..100 {
                let early = envs()[..16].iter().any(|record| is_early(record, parent));
                board.word(2).fetch_or(early.into(), Ordering::SeqCst);
            }
            sys_yield();
        }
    });
    for _ in 0..CHILDREN {
        wait(child(|| ()));
    }
    board.set(1, 1);
    wait(observer);
    expect("whether a child was to run without an upcall", board.get(2), 0);
}

/// All of a stack is its env's own, however many pages it has; what is below a hole is none of it. Uses word 1.
fn keep_the_stack(board: Board) {
    for page in 2..=STACK_PAGES {
        sys_page_alloc(SELF, USTACKTOP - page * PGSIZE, WRITE).unwrap();
    }
    let other = Page::at(USTACKTOP - 20 * PGSIZE);
    other.alloc(WRITE).unwrap();
    board.set(1, 0);
    on_the_stack(board, other);
    other.unmap().unwrap();
    for page in 2..=STACK_PAGES {
        sys_page_unmap(SELF, USTACKTOP - page * PGSIZE).unwrap();
    }
}

/// Has more on its stack than fits on a page.
#[inline(never)]
fn on_the_stack(board: Board, other: Page) {
    let mut mine = [1_u32; 2 * WORDS];
    black_box(&mut mine);
    let child = sfork().unwrap();
    if child == SELF {
        board.set(1, mine.iter().sum());
        mine.fill(2);
        black_box(&mut mine);
        other.write(0, 2);
        exit();
    }
    wait(child);
    expect("the sum of what the child found on its stack", board.get(1), 2 * WORDS as u32);
    expect("the same of what the parent finds on its own", black_box(&mine).iter().sum::<u32>(), 2 * WORDS as u32);
    expect("what is on a page that is not of the stack", other.read(0), 2);
}

fn is_early(record: &EnvRecord, parent: EnvId) -> bool {
    let id = record.id.load(Ordering::Acquire);
    let is_child = record.parent_id.load(Ordering::Acquire) == parent.0;
    let status = record.status.load(Ordering::Acquire);
    let may_run = [EnvStatus::Runnable, EnvStatus::Running].iter().any(|other| *other as u32 == status);
    let upcall = record.pgfault_upcall.load(Ordering::Acquire);
    // The next tenant's words come after its id.
    is_child && may_run && upcall == 0 && record.id.load(Ordering::Acquire) == id
}
