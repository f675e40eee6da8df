//! Hostile: messages to everybody, from everybody, and with no memory left to deliver them.
//!
//! What `hostile_pointers` does to the arguments, this does to the peers. To be run alone.

#![no_std]
#![no_main]

use core::sync::atomic::Ordering;

use ulib::layout::UTOP;
use ulib::{
    Args, EnvId, EnvStatus, Error, Message, Page, PteFlags, READ, WRITE, cprintf, envs, flags_at, ipc_recv, ipc_send,
    ipc_try_send, record, sys_env_destroy, sys_env_set_status, sys_getenvid, sys_ipc_try_send, sys_yield, wait,
};
use user::hostile::{Board, child, exhaust, expect, refused, release};

ulib::entry!(main);

const SENDERS: u32 = 8;
const EACH: u32 = 20;

fn main(_: Args) {
    let board = Board::shared();
    to_everybody();
    from_everybody();
    unwanted(board);
    woken_by_force(board);
    without_memory(board);
    cprintf!("hostile_ipc: ok\n");
}

/// Nobody receives, so nobody gets anything.
fn to_everybody() {
    for env in envs() {
        let id = EnvId(env.id.load(Ordering::Relaxed));
        let want = if id == sys_getenvid() || id == EnvId::NONE { Error::IpcNotRecv } else { Error::BadEnv };
        refused("to everybody", sys_ipc_try_send(id, 1, UTOP, PteFlags::empty()), want);
    }
}

/// Many senders at once: every message arrives once, each sender's in order.
fn from_everybody() {
    let me = sys_getenvid();
    for sender in 0..SENDERS {
        child(|| {
            for i in 0..EACH {
                ipc_send(me, sender << 16 | i, None);
            }
        });
    }
    let mut next = [0; SENDERS as usize];
    for _ in 0..SENDERS * EACH {
        let Message { value, perm, .. } = ipc_recv(None).unwrap();
        let next = &mut next[(value >> 16) as usize];
        expect("a message's number", value & 0xffff, *next);
        expect("permissions of no page", perm, PteFlags::empty());
        *next += 1;
    }
}

/// A page for somebody who wants none is mapped nowhere, and null least of all.
fn unwanted(board: Board) {
    board.set(1, 0);
    let receiver = child(|| {
        let Message { value, perm, .. } = ipc_recv(None).unwrap();
        expect("permissions of a page that is not wanted", perm, PteFlags::empty());
        expect("what is mapped at null", flags_at(0), PteFlags::empty());
        board.set(1, value);
    });
    let page = Page::at(0x0300_0000);
    page.alloc(WRITE).unwrap();
    ipc_send(receiver, 7, Some((page, READ)));
    page.unmap().unwrap();
    wait(receiver);
    expect("the message of an unwanted page", board.get(1), 7);
}

/// A receiver that is set runnable, or destroyed, by its parent.
fn woken_by_force(board: Board) {
    board.set(1, 0);
    let receiver = child(|| {
        // What comes back when nothing was sent is not laid down; that it goes on is enough.
        let _ = ipc_recv(None);
        board.set(1, 1);
    });
    blocked(receiver);
    expect("waking", sys_env_set_status(receiver, EnvStatus::Runnable), Ok(()));
    // It may sleep on, if the kernel insists on a message; then it gets one.
    while board.get(1) == 0 {
        let _ = ipc_try_send(receiver, 0, None);
        sys_yield();
    }
    wait(receiver);

    let receiver = child(|| {
        let _ = ipc_recv(None);
    });
    blocked(receiver);
    expect("destroying a receiver", sys_env_destroy(receiver), Ok(()));
    // It may be on its way off its CPU still. Until it is off, it is dying, and its id is still one.
    let answer = ipc_try_send(receiver, 0, None);
    if answer != Err(Error::BadEnv) {
        refused("to a dying receiver", answer, Error::IpcNotRecv);
    }
    wait(receiver);
    refused("to a destroyed receiver", ipc_try_send(receiver, 0, None), Error::BadEnv);
}

/// The receiver's page would need a page table, for which there is no frame.
fn without_memory(board: Board) {
    let (page, there, first) = (0x2000_0000, 0x7000_0000, 0x1000_0000);
    let page = Page::at(page);
    page.alloc(WRITE | PteFlags::SHARE).unwrap();
    page.write(0, 42);
    let receiver = child(|| {
        let message = ipc_recv(Some(Page::at(there))).unwrap();
        board.set(2, message.value);
        board.set(3, Page::at(there).read(0));
    });
    blocked(receiver);

    let first = Page::at(first);
    let pages = exhaust(first);
    let sent = ipc_try_send(receiver, 7, Some((page, READ)));
    release(first, pages);
    refused("a page without memory", sent, Error::NoMem);
    // It waits as before.
    expect("a page", ipc_try_send(receiver, 8, Some((page, READ))), Ok(()));
    wait(receiver);
    expect("the word", board.get(2), 8);
    expect("the page", board.get(3), 42);
}

/// Yields until `id` is blocked.
fn blocked(id: EnvId) {
    while record(id).status.load(Ordering::Relaxed) != EnvStatus::NotRunnable as u32 {
        sys_yield();
    }
}
