//! Tests that a page-fault handler does not run for the kernel: it destroys the program instead.

#![no_std]
#![no_main]

use ulib::{Args, set_pgfault_handler, sys_cputs_at};
use user::fault_alloc::handler;

ulib::entry!(main);

fn main(_: Args) {
    set_pgfault_handler(handler).unwrap();
    sys_cputs_at(0xdead_beef, 4);
}
