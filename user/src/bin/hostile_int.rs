//! Raises every interrupt that there is by `int`: only the breakpoint and the system call are for programs. And executes what
//! is for the kernel alone, and makes calls with the direction flag set.
//!
//! Each in a child of its own. The breakpoint is left out: it enters the kernel's monitor, as `breakpoint` shows.

#![no_std]
#![no_main]
#![allow(unsafe_code, reason = "raises interrupts by number, and executes what is forbidden")]

use core::arch::asm;

use ulib::{Args, EnvId, Syscall, address, cprintf, sys_env_destroy, sys_getenvid};
use user::hostile::{Board, expect};

ulib::entry!(main);

const BREAKPOINT: u32 = 3;
const SYSTEM_CALL: u32 = 48;
/// In EFLAGS: strings go backwards.
const DIRECTION: u32 = 0x400;

fn main(_: Args) {
    let board = Board::shared();
    let mut died = 0;
    for vector in (0..256).filter(|&vector| vector != BREAKPOINT) {
        let lives = board.child_survives(|| raise(vector));
        expect("whether the child lives", (vector, lives), (vector, vector == SYSTEM_CALL));
        died += u32::from(!lives);
    }
    // These have instructions of their own, which have to pass the same gate.
    // SAFETY: either this child is destroyed, or nothing has changed.
    board.dies("into", || unsafe { asm!("mov {0:e}, 0x7fffffff", "add {0:e}, 1", "into", out(reg) _) });
    // SAFETY: the same.
    board.dies("int1", || unsafe { asm!(".byte 0xf1") });
    // The CPU looks for the task to go back to, and there is none.
    // SAFETY: the child is destroyed.
    board.dies("iret with NT", || unsafe { asm!("pushfd", "or dword ptr [esp], 0x4000", "popfd", "iretd") });
    ports(board);
    backwards();
    cprintf!("hostile_int: ok, {died} of 256 cost the program its life\n");
}

/// Ports of interrupt controllers, timer, keyboard, clock, reset, screen, serial line and PCI; and the last.
fn ports(board: Board) {
    for port in [0, 0x20, 0x21, 0x40, 0x60, 0x64, 0x70, 0x71, 0x80, 0x92, 0xa1, 0x3d4, 0x3f8, 0x501, 0xcf8, 0xffff_u16]
    {
        // SAFETY: reads a device, if the kernel lets it.
        board.dies("in", || unsafe { asm!("in al, dx", in("dx") port, out("al") _) });
    }
    // SAFETY: writes to where nothing listens, if the kernel lets it.
    board.dies("out", || unsafe { asm!("out 0x80, al") });
    // SAFETY: holds interrupts back, if the kernel lets it.
    board.dies("cli", || unsafe { asm!("cli", "sti") });
}

/// Calls with the direction flag set: what the kernel copies goes forwards all the same, and the flag is as it was.
fn backwards() {
    let text = *b"The kernel copies forwards, whatever a program has told the CPU to do with its own strings.\n";
    let call = |number: Syscall, first: u32, second: u32| {
        let (answer, flags): (u32, u32);
        // SAFETY: prints a text that is there, or makes a child that never runs; the flag is clear again behind it.
        unsafe {
            asm!(
                "std", "int 48", "pushfd", "cld", "pop {}",
                out(reg) flags,
                inlateout("eax") number as u32 => answer,
                in("edx") first,
                in("ecx") second,
            );
        }
        expect("the direction flag", flags & DIRECTION, DIRECTION);
        answer
    };
    call(Syscall::Cputs, address(&raw const text), text.len() as u32);
    let child = EnvId(call(Syscall::Exofork, 0, 0));
    sys_env_destroy(child).unwrap();
}

/// `int VECTOR`, with the number of a harmless system call in EAX.
fn raise(vector: u32) {
    let eax: u32;
    // SAFETY: at label 2 are 256 functions of 4 bytes, an `int` and a `ret` each; no call is made but `getenvid`, which changes
    // EAX alone.
    unsafe {
        asm!(
            "lea {to}, [2f + {vector} * 4]",
            "call {to}",
            "jmp 3f",
            ".p2align 2",
            "2:",
            ".set number, 0",
            ".rept 256",
            // Not `int 3`, which would be a byte shorter.
            ".byte 0xcd, number, 0xc3, 0x90",
            ".set number, number + 1",
            ".endr",
            "3:",
            to = out(reg) _,
            vector = in(reg) vector,
            inlateout("eax") Syscall::Getenvid as u32 => eax,
        );
    }
    if vector == SYSTEM_CALL {
        expect("the answer of getenvid", eax, sys_getenvid().0);
    }
}
