//! Buggy hello world: an unmapped pointer is passed to the kernel, which should destroy the program.

#![no_std]
#![no_main]

use ulib::{Args, sys_cputs_at};

ulib::entry!(main);

fn main(_: Args) {
    sys_cputs_at(1, 1);
}
