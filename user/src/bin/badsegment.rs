//! Loads a segment register with the kernel's task-state segment.

#![no_std]
#![no_main]

use core::arch::asm;

use ulib::Args;

ulib::entry!(main);

fn main(_: Args) {
    // SAFETY: 0x28 is no data segment, so the load traps and DS never changes.
    unsafe { asm!("mov ds, {0:x}", in(reg) 0x28, options(nomem, nostack)) };
}
