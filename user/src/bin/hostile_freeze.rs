//! Hostile: a parent that freezes, thaws and wakes its children at every moment.
//!
//! A frozen child stands still from the moment the call returns; one told to run while it runs stays one; one that is
//! blocked in `ipc_recv` wakes for a message and for nothing else.

#![no_std]
#![no_main]

use core::sync::atomic::Ordering;

use ulib::{Args, EnvId, EnvStatus, cprintf, ipc_recv, sys_env_destroy, sys_env_set_status, sys_yield, wait};
use user::hostile::{Board, child, expect};

ulib::entry!(main);

const CHILDREN: usize = 3;
const ROUNDS: u32 = 90;
/// Words of the board: the message that came, and the children's counters from here on, a cache line apart.
const MESSAGE: usize = 1;
const COUNTERS: usize = 16;

fn main(_: Args) {
    let board = Board::shared();
    let mut children = [EnvId::NONE; CHILDREN];
    for (i, id) in children.iter_mut().enumerate() {
        *id = child(|| count_for_ever(board, COUNTERS * (i + 1)));
    }
    for round in 0..ROUNDS {
        let i = round as usize % CHILDREN;
        freeze_and_look(board, children[i], COUNTERS * (i + 1));
    }
    for id in children {
        expect("destroying a child", sys_env_destroy(id), Ok(()));
        wait(id);
    }
    blocked_stays_blocked(board);
    cprintf!("hostile_freeze: ok\n");
}

/// Counts in a register and in memory at once. Run on two CPUs, it would lose counts.
fn count_for_ever(board: Board, word: usize) {
    let mut count = 0_u32;
    loop {
        let seen = board.word(word).load(Ordering::Relaxed);
        assert!(seen == count, "this env ran on two CPUs: {seen} in memory, {count} counted");
        count = count.wrapping_add(1);
        board.word(word).store(count, Ordering::Relaxed);
    }
}

fn freeze_and_look(board: Board, id: EnvId, word: usize) {
    // A running env told to run must not be run twice.
    for _ in 0..20 {
        expect("telling a running env to run", sys_env_set_status(id, EnvStatus::Runnable), Ok(()));
    }
    expect("freezing", sys_env_set_status(id, EnvStatus::NotRunnable), Ok(()));
    let before = board.get(word);
    for _ in 0..5000 {
        core::hint::spin_loop();
        expect("a frozen env's counter", board.get(word), before);
    }
    expect("thawing", sys_env_set_status(id, EnvStatus::Runnable), Ok(()));
    while board.get(word) == before {
        sys_yield();
    }
}

fn blocked_stays_blocked(board: Board) {
    let id = child(|| {
        let message = ipc_recv(None);
        board.set(MESSAGE, message.map_or(0, |message| message.value));
    });
    for status in [EnvStatus::Runnable, EnvStatus::NotRunnable, EnvStatus::Runnable] {
        (0..20).for_each(|_| sys_yield());
        expect("set_status on a blocked env", sys_env_set_status(id, status), Ok(()));
    }
    expect("a message before any was sent", board.get(MESSAGE), 0);
    ulib::ipc_send(id, 4711, None);
    wait(id);
    expect("the message", board.get(MESSAGE), 4711);
}
