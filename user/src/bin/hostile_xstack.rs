//! Hostile: page faults with an exception stack that is missing, read-only, full, or replaced.
//!
//! Each time in a child, which the kernel must destroy, or must serve.

#![no_std]
#![no_main]

use core::arch::asm;

use ulib::layout::{PGSIZE, USTACKTOP, UXSTACKTOP};
use ulib::{
    Args, READ, SELF, UTrapframe, WRITE, cprintf, exit, set_pgfault_handler, sys_env_set_pgfault_upcall,
    sys_page_alloc, sys_page_map, sys_page_unmap, sys_yield,
};
use user::hostile::{Board, child, expect};

ulib::entry!(main);

/// The one page of exception stack, and the guard page below it.
const XSTACK: u32 = UXSTACKTOP - PGSIZE;
const GUARD: u32 = USTACKTOP;

fn main(_: Args) {
    let board = Board::shared();

    // A child of `fork` has an exception stack and an upcall to begin with.
    board.dies("no exception stack", || {
        sys_page_unmap(SELF, XSTACK).unwrap();
        fault();
    });
    board.dies("a read-only exception stack", || {
        sys_page_map(SELF, XSTACK, SELF, XSTACK, READ).unwrap();
        fault();
    });
    board.dies("no upcall", || {
        sys_env_set_pgfault_upcall(SELF, 0).unwrap();
        fault();
    });
    for upcall in [1, 0xdead_beef, XSTACK, UXSTACKTOP, 0xf010_0020, u32::MAX] {
        board.dies("an upcall to nowhere", || {
            sys_env_set_pgfault_upcall(SELF, upcall).unwrap();
            fault();
        });
    }
    board.dies("endless faults", || {
        set_pgfault_handler(|_| fault()).unwrap();
        fault();
    });
    board.dies("endless faults, and a page in place of the guard", || {
        sys_page_alloc(SELF, GUARD, WRITE).unwrap();
        set_pgfault_handler(|_| fault()).unwrap();
        fault();
    });
    board.dies("an exception stack that the handler replaces", || {
        set_pgfault_handler(|_| sys_page_alloc(SELF, XSTACK, WRITE).unwrap()).unwrap();
        fault();
    });
    board.dies("an exception stack that the handler unmaps", || {
        set_pgfault_handler(|_| sys_page_unmap(SELF, XSTACK).unwrap()).unwrap();
        fault();
    });
    for low in [0, 20, 52, 55] {
        board.dies("no room for a second frame", || fault_with_stack(XSTACK + low));
    }
    stacks_that_do(board);
    taken_away(board);
    cprintf!("hostile_xstack: ok\n");
}

/// A fault needs no ordinary stack.
fn stacks_that_do(board: Board) {
    for (i, esp) in (1..).zip([0, 8, 0xf010_0000, GUARD + 100, UXSTACKTOP, XSTACK + 1000]) {
        board.set(1, 0);
        board.dies("it exits in the handler", || {
            set_pgfault_handler(note_and_exit).unwrap();
            fault_with_stack(esp);
        });
        expect("faults handled on a strange stack", (i, board.get(1)), (i, 1));
    }
}

/// The board is where `Board::shared` puts it, in every env.
fn note_and_exit(frame: &mut UTrapframe) {
    expect("the fault's address", frame.fault_va, 0);
    ulib::Page::at(0x0100_0000).write(1, 1);
    exit();
}

/// A parent that takes the exception stack from a child that faults all the time.
fn taken_away(board: Board) {
    for _ in 0..20 {
        board.set(1, 0);
        let victim = child(|| {
            set_pgfault_handler(skip).unwrap();
            loop {
                fault();
                board.set(1, 1);
            }
        });
        while board.get(1) == 0 {
            sys_yield();
        }
        sys_page_unmap(victim, XSTACK).unwrap();
        ulib::wait(victim);
    }
}

/// Goes on after the instruction of `fault`.
fn skip(frame: &mut UTrapframe) {
    frame.eip += FAULT_LENGTH;
}

/// Bytes in the instruction of `fault`.
const FAULT_LENGTH: u32 = 3;

/// Writes to address 0.
fn fault() {
    // SAFETY: nothing is mapped there, so memory does not change. The handlers end the program, go on
    // behind the instruction, whose bytes are spelt out for its length's sake, or die trying.
    unsafe { asm!(".byte 0xc6, 0x00, 0x00 /* mov byte ptr [eax], 0 */", in("eax") 0) };
}

/// Writes to address 0 with this stack pointer.
fn fault_with_stack(esp: u32) {
    // SAFETY: the write traps, and what handles it does not come back.
    unsafe {
        asm!(
            "mov esp, {esp}",
            "mov byte ptr [{zero}], 0",
            "ud2",
            esp = in(reg) esp,
            zero = in(reg) 0,
            options(noreturn),
        );
    }
}
