//! Hostile: every system call with bad ids, addresses, permissions and numbers.
//!
//! The kernel must refuse each with the code the interface names, or destroy who passes a bad string.

#![no_std]
#![no_main]

use core::sync::atomic::Ordering;

use ulib::layout::{KERNBASE, PGSIZE, UENVS, ULIM, UTOP, UVPD};
use ulib::{
    Args, EnvId, EnvStatus, Error, Page, PteFlags, READ, SELF, Syscall, WRITE, address, cprintf, raw, record,
    sys_cputs_at, sys_env_destroy, sys_env_set_pgfault_upcall, sys_env_set_status, sys_exofork, sys_getenvid,
    sys_ipc_recv, sys_ipc_try_send, sys_page_alloc, sys_page_map, sys_page_unmap, wait,
};
use user::hostile::{BAD_PERMS, BAD_VAS, Board, child, expect, refused};

ulib::entry!(main);

/// Where something is mapped, writable or read-only, and where nothing is.
const RW: u32 = 0x2000_0000;
const RO: u32 = 0x2000_1000;
const NONE: u32 = 0x2000_2000;

fn main(_: Args) {
    let board = Board::shared();
    Page::at(RW).alloc(WRITE | PteFlags::SHARE).unwrap();
    Page::at(RO).alloc(READ).unwrap();
    bad_numbers();
    bad_ids();
    bad_pages();
    bad_maps();
    bad_status();
    bad_messages(board);
    bad_strings(board);
    cprintf!("hostile_pointers: ok\n");
}

fn bad_numbers() {
    for number in [13, 14, 48, 255, 0x8000_0000, u32::MAX] {
        let eax = raw::syscall4(number, RW, RW, RW, RW);
        expect("an unknown call", eax, Error::Inval.to_eax());
    }
}

fn bad_ids() {
    let me = sys_getenvid();
    let relatives = [record(me).parent_id.load(Ordering::Relaxed)];
    let strangers =
        [1, me.0 + 0x1000, me.0 | 0x400, me.0 | 0x800, me.0 | 0x8000_0000, 0x7fff_ffff, 0x8000_0000, u32::MAX];
    // A parent of 0 is the kernel, which as an argument would mean the caller.
    for id in relatives.into_iter().filter(|id| *id != 0).chain(strangers) {
        let id = EnvId(id);
        let bad = Error::BadEnv;
        refused("env_destroy", sys_env_destroy(id), bad);
        refused("page_alloc", sys_page_alloc(id, NONE, WRITE), bad);
        refused("page_map from", sys_page_map(id, RW, SELF, NONE, READ), bad);
        refused("page_map to", sys_page_map(SELF, RW, id, NONE, READ), bad);
        refused("page_unmap", sys_page_unmap(id, NONE), bad);
        refused("set_status", sys_env_set_status(id, EnvStatus::NotRunnable), bad);
        refused("set_pgfault_upcall", sys_env_set_pgfault_upcall(id, 0), bad);
    }
    for id in strangers {
        let sent = sys_ipc_try_send(EnvId(id), 0, UTOP, PteFlags::empty());
        refused("ipc_try_send to nobody", sent, Error::BadEnv);
    }
}

fn bad_pages() {
    for va in BAD_VAS {
        refused("page_alloc at", sys_page_alloc(SELF, va, WRITE), Error::Inval);
        refused("page_unmap at", sys_page_unmap(SELF, va), Error::Inval);
    }
    for perm in BAD_PERMS {
        let perm = PteFlags::from_bits_retain(perm);
        refused("page_alloc with", sys_page_alloc(SELF, NONE, perm), Error::Inval);
    }
    expect("unmapping nothing", sys_page_unmap(SELF, NONE), Ok(()));
    // All that may be passed, and it stays what it is.
    let all = PteFlags::SYSCALL;
    expect("all bits", sys_page_alloc(SELF, NONE, all), Ok(()));
    expect("all bits in the table", ulib::flags_at(NONE) & all, all);
    expect("unmapping", sys_page_unmap(SELF, NONE), Ok(()));
}

fn bad_maps() {
    for va in BAD_VAS {
        refused("page_map at", sys_page_map(SELF, va, SELF, NONE, READ), Error::Inval);
        refused("page_map to", sys_page_map(SELF, RW, SELF, va, READ), Error::Inval);
    }
    for perm in BAD_PERMS {
        let perm = PteFlags::from_bits_retain(perm);
        refused("page_map with", sys_page_map(SELF, RW, SELF, NONE, perm), Error::Inval);
    }
    refused("page_map of nothing", sys_page_map(SELF, NONE, SELF, RW, READ), Error::Inval);
    refused("more than the source", sys_page_map(SELF, RO, SELF, NONE, WRITE), Error::Inval);
    refused("more than itself", sys_page_map(SELF, RO, SELF, RO, WRITE), Error::Inval);
    expect("onto itself", sys_page_map(SELF, RW, SELF, RW, WRITE | PteFlags::SHARE), Ok(()));
}

fn bad_status() {
    let child = match sys_exofork() {
        Ok(child) if child != SELF => child,
        other => panic!("exofork: {other:?}"),
    };
    for status in [0, 1, 3, 5, 0x8000_0002, u32::MAX] {
        let number = Syscall::EnvSetStatus as u32;
        let eax = raw::syscall4(number, child.0, status, 0, 0);
        expect("a status", eax, Error::Inval.to_eax());
    }
    // Stored unchecked: it is the child's own problem.
    for upcall in [1, KERNBASE, u32::MAX, 0] {
        let set = sys_env_set_pgfault_upcall(child, upcall);
        expect("an upcall", set, Ok(()));
    }
    expect("destroying", sys_env_destroy(child), Ok(()));
    refused("destroying again", sys_env_destroy(child), Error::BadEnv);
}

fn bad_messages(board: Board) {
    let none = PteFlags::empty();
    refused("to the caller", sys_ipc_try_send(SELF, 0, UTOP, none), Error::IpcNotRecv);
    for va in [1, 0x1000_0fff, UTOP - 1] {
        refused("ipc_recv at", sys_ipc_recv(va), Error::Inval);
    }

    let receiver = child(|| {
        let got = ulib::ipc_recv(Some(Page::at(NONE))).unwrap();
        board.set(1, got.value);
    });
    while sys_ipc_try_send(receiver, 0, 1, READ) == Err(Error::IpcNotRecv) {
        ulib::sys_yield();
    }
    // It waits, and must go on waiting through all of these.
    for va in [1, 0x1000_0fff, UTOP - 1, NONE] {
        refused("sending at", sys_ipc_try_send(receiver, 0, va, READ), Error::Inval);
    }
    for perm in BAD_PERMS {
        let perm = PteFlags::from_bits_retain(perm);
        refused("sending with", sys_ipc_try_send(receiver, 0, RW, perm), Error::Inval);
    }
    refused("sending more", sys_ipc_try_send(receiver, 0, RO, WRITE), Error::Inval);
    // No page at all: permissions do not matter, nor alignment.
    let sent = sys_ipc_try_send(receiver, 7, KERNBASE + 1, none);
    expect("sending no page", sent, Ok(()));
    wait(receiver);
    expect("what was received", board.get(1), 7);
}

fn bad_strings(board: Board) {
    let text = address("x".as_ptr());
    for (va, len) in [
        (0, 1),
        (1, 1),
        (NONE, 1),
        (NONE - 1, 2),
        (ULIM - 1, 2),
        (ULIM, 1),
        (KERNBASE, PGSIZE),
        (u32::MAX, 1),
        (u32::MAX, 2),
        (text, u32::MAX),
        (text, 0x8000_0000),
        (RW, u32::MAX - RW + 1),
    ] {
        board.dies("a string", || sys_cputs_at(va, len));
    }
    // The read-only windows may be read. The first word of each of these is 0, so nothing is printed.
    for va in [UENVS + 68, UVPD, RO] {
        let fine = board.child_survives(|| sys_cputs_at(va, 4));
        expect("a string in a window", fine, true);
    }
}
