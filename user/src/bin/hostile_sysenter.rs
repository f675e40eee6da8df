//! Comes into the kernel by SYSENTER: with all that `int 0x30` gives, and with registers and flags that no good program has.

#![no_std]
#![no_main]
#![allow(unsafe_code, reason = "sets registers and flags that no compiler sets")]

use core::arch::asm;

use ulib::layout::{KERNBASE, UTOP};
use ulib::raw::{syscall4, sysenter4};
use ulib::{Args, Error, SELF, Syscall, WRITE, cprintf, sys_env_set_pgfault_upcall, sys_getenvid};
use user::hostile::{Board, expect};

ulib::entry!(main);

const GETENVID: u32 = Syscall::Getenvid as u32;
const YIELD: u32 = Syscall::Yield as u32;
/// A number that is none: the shortest way through all of the kernel's entry and exit.
const NONE: u32 = 1000;

const TF: u32 = 1 << 8;
const IF: u32 = 1 << 9;
const DF: u32 = 1 << 10;
const NT: u32 = 1 << 14;
const AC: u32 = 1 << 18;
const ID: u32 = 1 << 21;

fn main(_: Args) {
    same_answers();
    let board = Board::shared();
    for number in [GETENVID, YIELD, NONE] {
        wild_returns(board, number);
        flags(board, number);
    }
    board.dies("sysexit", || {
        // SAFETY: not allowed in user mode.
        unsafe { asm!("sysexit", in("edx") 0, in("ecx") 0) };
    });
    cprintf!("hostile_sysenter: ok\n");
}

/// Whatever call it is, both doors answer alike.
fn same_answers() {
    let page = 0x2000_0000;
    let calls = [
        (GETENVID, 0, 0, 0, 0),
        (Syscall::PageAlloc as u32, 0, page, WRITE.bits(), 0),
        (Syscall::PageAlloc as u32, 0, page + 1, WRITE.bits(), 0),
        (Syscall::PageAlloc as u32, 77, page, WRITE.bits(), 0),
        (Syscall::PageUnmap as u32, 0, UTOP, 0, 0),
        (Syscall::PageUnmap as u32, 0, page, 0, 0),
        (Syscall::IpcTrySend as u32, sys_getenvid().0, 1, UTOP, 0),
        (Syscall::EnvSetStatus as u32, 0, 99, 0, 0),
        (YIELD, 0, 0, 0, 0),
        (NONE, 0, 0, 0, 0),
    ];
    for (number, a, b, c, d) in calls {
        let (one, other) = (syscall4(number, a, b, c, d), sysenter4(number, a, b, c, d));
        assert!(one == other, "call {number}: {one:#x} by int, {other:#x} by sysenter");
    }
    expect("a number that is none", sysenter4(NONE, 0, 0, 0, 0), Error::Inval.to_eax());
    let text = b"printed by sysenter\n";
    sysenter4(Syscall::Cputs as u32, ulib::address(text.as_ptr()), text.len() as u32, 0, 0);
}

/// To go on where there is nothing, and on a stack that is none, is the program's death and nobody else's.
fn wild_returns(board: Board, number: u32) {
    for place in [0, 1, UTOP, KERNBASE, KERNBASE + 0x10_0000, u32::MAX] {
        board.dies("returning to nowhere", || {
            sys_env_set_pgfault_upcall(SELF, 0).unwrap();
            enter(number, place, 0x2000_0000);
        });
        board.dies("returning without a stack", || {
            sys_env_set_pgfault_upcall(SELF, 0).unwrap();
            on_stack(number, place);
        });
    }
}

/// Every flag that a program can set comes in with it.
fn flags(board: Board, number: u32) {
    for flags in [DF, NT, AC, ID, DF | NT | AC | ID] {
        let survives = board.child_survives(|| {
            let (result, after) = with_flags(number, flags);
            expect("the answer", result, syscall4(number, 0, 0, 0, 0));
            // A processor without alignment checks has no AC.
            let kept = if after & AC == 0 { flags & !AC } else { flags };
            expect("the flags", after & (DF | NT | AC | ID), kept);
            expect("interrupts are on", after & IF, IF);
        });
        assert!(survives, "flags {flags:#x}: the program was destroyed");
    }
    for more in [0, DF, NT, NT | AC] {
        board.dies("stepping", || {
            with_flags(number, TF | more);
        });
    }
}

/// SYSENTER with flags set; gives back EAX and the flags afterwards, and then sets them to what they ought to be.
fn with_flags(number: u32, flags: u32) -> (u32, u32) {
    let (result, after);
    // SAFETY: between the two POPFs no instruction depends on the flags set. As in `sysenter4` for the rest.
    unsafe {
        asm!(
            "push ebp",
            "push esi",
            "pushfd",
            "or [esp], edi",
            "mov ebp, esp",
            "add ebp, 4",
            "lea esi, [2f]",
            "popfd",
            "sysenter",
            "2:",
            "pushfd",
            "pop edx",
            "push 2",
            "popfd",
            "pop esi",
            "pop ebp",
            inlateout("eax") number => result,
            lateout("edx") after,
            lateout("ecx") _,
            in("edi") flags,
        );
    }
    (result, after)
}

/// SYSENTER that wants to go on at `eip` with `esp`.
fn enter(number: u32, eip: u32, esp: u32) {
    // SAFETY: it does not come back, or this program ends.
    unsafe {
        asm!("mov esi, edx", "mov ebp, ecx", "sysenter", in("eax") number, in("edx") eip, in("ecx") esp,
             options(noreturn));
    }
}

/// SYSENTER that goes on here with the stack pointer `esp`, and uses it.
fn on_stack(number: u32, esp: u32) {
    // SAFETY: the push faults, and this program ends.
    unsafe {
        asm!("lea esi, [2f]", "mov ebp, ecx", "sysenter", "2:", "push 0", "ud2", in("eax") number, in("ecx") esp,
             options(noreturn));
    }
}
