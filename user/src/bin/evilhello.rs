//! Evil hello world: a kernel pointer is passed to the kernel, which should destroy the program.

#![no_std]
#![no_main]

use ulib::{Args, sys_cputs_at};

ulib::entry!(main);

fn main(_: Args) {
    // Try to print the kernel entry point as a string!
    sys_cputs_at(0xf010_000c, 100);
}
