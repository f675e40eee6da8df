//! Divides by zero.

#![no_std]
#![no_main]

use core::arch::asm;

use ulib::{Args, cprintf};

ulib::entry!(main);

fn main(_: Args) {
    let mut quotient = 1;
    // SAFETY: the division traps, which ends the program; were it to go on, only EAX and EDX would
    // have changed. In assembler, since Rust would check the divisor and panic instead.
    unsafe {
        asm!(
            "cdq",
            "idiv {zero:e}",
            zero = in(reg) 0,
            inout("eax") quotient,
            out("edx") _,
            options(nomem, nostack),
        );
    }
    cprintf!("1/0 is {quotient:08x}!\n");
}
