//! Raises a page fault by hand: programs may not, so it is a general protection fault.

#![no_std]
#![no_main]

use core::arch::asm;

use ulib::Args;

ulib::entry!(main);

fn main(_: Args) {
    // SAFETY: the kernel's gate 14 is not for programs, so this traps and ends the program.
    unsafe { asm!("int 14") };
}
