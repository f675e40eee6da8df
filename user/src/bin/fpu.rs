//! Floating-point registers belong to an env: others' numbers and exceptions stay away, a fork inherits them.
//!
//! Several envs keep numbers of their own in x87 and SSE registers across thousands of yields, while one of them leaves
//! an unmasked x87 exception pending at every yield, which may kill nobody but itself. It does kill who uses them again.

#![no_std]
#![no_main]

use core::arch::asm;

use ulib::{Args, cprintf, sys_yield, wait};
use user::hostile::{Board, child, expect};

ulib::entry!(main);

const ENVS: u32 = 6;
const ROUNDS: u32 = 2000;
const EXCEPTIONS: u32 = 20;

fn main(_: Args) {
    let board = Board::shared();
    fresh_after(board, 4711);
    load(77);
    let heir = child(|| {
        expect("inherited registers", stored(), (77, [77; 4]));
        board.word(1).fetch_add(1, core::sync::atomic::Ordering::SeqCst);
    });
    wait(heir);
    expect("the heir's end", board.get(1), 1);
    saved_before_a_fork(board);
    let spoiler = child(leave_exceptions);
    let keepers = [(); ENVS as usize].map(|()| {
        child(|| {
            keep(ulib::sys_getenvid().0);
            board.word(1).fetch_add(1, core::sync::atomic::Ordering::SeqCst);
        })
    });
    keepers.into_iter().for_each(wait);
    wait(spoiler);
    expect("keepers that came to their end", board.get(1), 1 + ENVS);
    expect("the parent's own registers", stored(), (77, [77; 4]));
    // One after the other, and so on one CPU or another.
    for _ in 0..EXCEPTIONS {
        board.dies("an x87 exception", || {
            divide_by_zero();
            // SAFETY: delivers what is pending.
            unsafe { asm!("fwait") };
        });
    }
    cprintf!("fpu: ok\n");
}

/// A child of an env that has not used the registers finds those of a reset processor, whoever was in its slot before.
fn fresh_after(board: Board, value: u32) {
    wait(child(|| load(value)));
    // What comes of an empty x87 stack is the emulator's business.
    let survives = board.child_survives(|| expect("fresh registers", stored().1, [0; 4]));
    expect("whether a child has fresh registers", survives, true);
}

/// A child has its parent's registers also if that has not touched them since it left its CPU.
fn saved_before_a_fork(board: Board) {
    board.set(2, 0);
    let other = child(|| {
        while board.get(2) == 0 {
            sys_yield();
        }
    });
    load(78);
    for _ in 0..20 {
        // Where there is one CPU, the other env has its turn.
        sys_yield();
    }
    let survives = board.child_survives(|| expect("saved registers", stored(), (78, [78; 4])));
    expect("whether a child has saved registers", survives, true);
    board.set(2, 1);
    wait(other);
    load(77);
}

fn keep(value: u32) {
    load(value);
    for _ in 0..ROUNDS {
        sys_yield();
        expect("registers after a yield", stored(), (value, [value; 4]));
    }
}

/// Yields with an exception pending.
fn leave_exceptions() {
    divide_by_zero();
    for _ in 0..ROUNDS {
        sys_yield();
    }
}

/// Divides by zero with the exception unmasked: it stays pending until the next floating-point instruction of this env.
fn divide_by_zero() {
    let control: u16 = 0x037f & !0x0004;
    // SAFETY: changes the x87 control word and stack of this env alone; the soft-float program uses neither.
    unsafe {
        asm!("fninit", "fldcw [{0}]", "fldz", "fld1", "fdivrp st(1), st", in(reg) &raw const control);
    }
}

/// Puts `value` into ST(0) and into the four lanes of XMM7.
fn load(value: u32) {
    let lanes = [value; 4];
    // SAFETY: reads the two locals; the soft-float program uses none of the registers.
    unsafe {
        asm!("fninit", "fild dword ptr [{0}]", "movups xmm7, [{0}]", in(reg) &raw const lanes);
    }
}

/// What is in them.
fn stored() -> (u32, [u32; 4]) {
    let (mut top, mut lanes) = (0_u32, [0_u32; 4]);
    // SAFETY: writes the two locals, and leaves the registers as they were.
    unsafe {
        asm!("fist dword ptr [{0}]", "movups [{1}], xmm7", in(reg) &raw mut top, in(reg) &raw mut lanes);
    }
    (top, lanes)
}
