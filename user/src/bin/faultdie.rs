//! Tests a page-fault handler that just exits.

#![no_std]
#![no_main]

use core::arch::asm;

use ulib::{Args, UTrapframe, cprintf, set_pgfault_handler, sys_env_destroy, sys_getenvid};

ulib::entry!(main);

fn handler(frame: &mut UTrapframe) {
    cprintf!("i faulted at va {:x}, err {:x}\n", frame.fault_va, frame.err & 7);
    sys_env_destroy(sys_getenvid()).unwrap();
}

fn main(_: Args) {
    set_pgfault_handler(handler).unwrap();
    // SAFETY: nothing is mapped there, so the write traps, and the handler ends the program.
    unsafe { asm!("mov dword ptr [{0}], 0", in(reg) 0xdead_beef_u32) };
}
