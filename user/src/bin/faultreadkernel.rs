//! Reads from the kernel.

#![no_std]
#![no_main]

use core::arch::asm;

use ulib::{Args, cprintf};

ulib::entry!(main);

fn main(_: Args) {
    let value: u32;
    // SAFETY: reading changes nothing, and this read traps. In assembler, since to Rust it would be
    // undefined.
    unsafe { asm!("mov {0}, [{1}]", out(reg) value, in(reg) 0xf010_0000_u32, options(readonly, nostack)) };
    cprintf!("I read {value:08x} from location 0xf0100000!\n");
}
