//! Writes to address 0, where nothing is.

#![no_std]
#![no_main]

use core::arch::asm;

use ulib::Args;

ulib::entry!(main);

fn main(_: Args) {
    // SAFETY: the write traps, so it changes nothing. In assembler, since to Rust it would be
    // undefined.
    unsafe { asm!("mov dword ptr [{0}], 0", in(reg) 0, options(nostack)) };
}
