//! Traps of programs: page faults handed to the upcall, and those that kill.

use std::sync::atomic::Ordering;

use abi::layout::{PGSIZE, USTACKTOP, UTEMP, UXSTACKTOP};
use abi::trap::{FEC_PR, FEC_U, FEC_WR, T_DIVIDE, T_GPFLT};
use abi::{EnvStatus, PushRegs, Syscall, UTrapframe};

use super::machine::{machine, record};
use super::program::{PU, Program, start};
use crate::run::Next;
use crate::x86::ports;

const UPCALL: u32 = 0x80_0100;
const XSTACK: u32 = UXSTACKTOP - PGSIZE;
const ERR: u32 = FEC_PR | FEC_WR | FEC_U;

/// A program with an upcall, an exception stack, and something in every register.
fn with_upcall() -> Program {
    let mut program = start();
    program.alloc(XSTACK, 1);
    assert_eq!(program.call(Syscall::EnvSetPgfaultUpcall, &[0, UPCALL]), Ok(0));
    program.frame.regs = PushRegs { edi: 1, esi: 2, ebp: 3, oesp: 4, ebx: 5, edx: 6, ecx: 7, eax: 8 };
    (program.frame.eip, program.frame.eflags, program.frame.esp) = (0x80_0042, 0x246, USTACKTOP - 64);
    program
}

/// What is on the exception stack at `va`.
fn pushed(program: &Program, va: u32) -> Vec<u32> {
    let bytes: [u8; UTrapframe::SIZE as usize] = program.peek(va);
    bytes.chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().unwrap())).collect()
}

/// Whether the program was killed, and what was printed about it when it had left its CPU.
fn epitaph(program: Program) -> String {
    assert_eq!(record(program.id).status.load(Ordering::Relaxed), EnvStatus::Dying as u32);
    assert_eq!(program.next, Next::Other);
    program.leave();
    ports::take_output()
}

#[test]
fn a_page_fault_goes_to_the_upcall() {
    let _machine = machine();
    let mut program = with_upcall();
    program.fault(0xdead_beef, ERR);
    let first = UXSTACKTOP - UTrapframe::SIZE;
    assert_eq!((program.frame.esp, program.frame.eip, program.next), (first, UPCALL, Next::Same));
    let expected = [0xdead_beef, ERR, 1, 2, 3, 4, 5, 6, 7, 8, 0x80_0042, 0x246, USTACKTOP - 64];
    assert_eq!(pushed(&program, first), expected);
    // A fault in the upcall leaves a word free below the stack pointer.
    program.frame.esp -= 100;
    program.fault(0x1234, FEC_U);
    let second = first - 100 - 4 - UTrapframe::SIZE;
    assert_eq!((program.frame.esp, pushed(&program, second)[12]), (second, first - 100));
    assert_eq!(pushed(&program, first), expected);
}

#[test]
fn the_exception_stack_ends_where_it_ends() {
    let _machine = machine();
    for guard_is_mapped in [false, true] {
        let mut program = with_upcall();
        if guard_is_mapped {
            program.alloc(XSTACK - PGSIZE, 1);
        }
        program.frame.esp = XSTACK + 4 + UTrapframe::SIZE;
        program.fault(1, FEC_U);
        assert_eq!(program.frame.esp, XSTACK, "the last frame that fits");
        program.frame.esp = XSTACK + 3 + UTrapframe::SIZE;
        ports::take_output();
        program.fault(1, FEC_U);
        let id = program.id;
        let expected =
            format!("[{id}] user_mem_check assertion failure for va {:08x}\n[{id}] free env {id}\n", XSTACK - 1);
        assert_eq!(epitaph(program), expected);
    }
}

#[test]
fn the_borders_of_the_exception_stack_belong_to_one_side_each() {
    let _machine = machine();
    let first = UXSTACKTOP - UTrapframe::SIZE;
    // A stack pointer at the very top, or just below the page, is not in it.
    for esp in [UXSTACKTOP, XSTACK - 1] {
        let mut program = with_upcall();
        program.frame.esp = esp;
        program.fault(1, FEC_U);
        assert_eq!((program.frame.esp, program.next), (first, Next::Same), "{esp:x}");
    }
    // The last word is, and so is the first, below which nothing fits.
    let mut program = with_upcall();
    program.frame.esp = UXSTACKTOP - 4;
    program.fault(1, FEC_U);
    assert_eq!(program.frame.esp, first - 8);
    program.frame.esp = XSTACK;
    ports::take_output();
    program.fault(1, FEC_U);
    assert!(epitaph(program).contains("] user_mem_check assertion failure for va eebfefc8\n"));
}

#[test]
fn race_24_an_exception_stack_that_is_gone_or_read_only_kills() {
    let _machine = machine();
    for remap in [false, true] {
        let mut program = with_upcall();
        if remap {
            assert_eq!(program.call(Syscall::PageMap, &[0, XSTACK, 0, XSTACK, PU]), Ok(0));
        } else {
            assert_eq!(program.call(Syscall::PageUnmap, &[0, XSTACK]), Ok(0));
        }
        ports::take_output();
        program.fault(UTEMP, FEC_U);
        assert!(epitaph(program).contains("] user_mem_check assertion failure for va eebfffcc\n"));
    }
}

#[test]
fn without_an_upcall_a_page_fault_kills_with_a_dump() {
    let _machine = machine();
    let mut program = start();
    program.frame.eip = 0x80_0042;
    ports::take_output();
    program.fault(0xcafe, ERR);
    let (id, text) = (program.id, epitaph(program));
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], format!("[{id}] user fault va 0000cafe ip 00800042"));
    assert!(
        lines.contains(&"  cr2  0x0000cafe") && lines.contains(&"  err  0x00000007 [user, write, protection]"),
        "{text}"
    );
    assert_eq!(lines.last(), Some(&&*format!("[{id}] free env {id}")));
}

#[test]
fn other_traps_kill_with_their_names() {
    let _machine = machine();
    for (vector, name) in [(T_DIVIDE, "Divide error"), (T_GPFLT, "General Protection"), (25, "(unknown trap)")] {
        let mut program = start();
        ports::take_output();
        program.trap(vector);
        assert!(epitaph(program).contains(&format!("  trap 0x{vector:08x} {name}\n")));
    }
}
