//! Tests that the kernel destroys a program with an upcall but no exception stack.

#![no_std]
#![no_main]

use core::arch::asm;

use ulib::{Args, SELF, pgfault_upcall, sys_env_set_pgfault_upcall};

ulib::entry!(main);

fn main(_: Args) {
    sys_env_set_pgfault_upcall(SELF, pgfault_upcall()).unwrap();
    // SAFETY: nothing is mapped there, so the write traps, and there is no way back.
    unsafe { asm!("mov dword ptr [{0}], 0", in(reg) 0) };
}
