//! Traps into the kernel's monitor.

#![no_std]
#![no_main]

use ulib::{Args, raw};

ulib::entry!(main);

fn main(_: Args) {
    raw::breakpoint();
}
