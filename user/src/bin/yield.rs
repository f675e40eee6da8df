//! Yields the processor to others.

#![no_std]
#![no_main]

use ulib::{Args, cprintf, sys_getenvid, sys_yield};

ulib::entry!(main);

fn main(_: Args) {
    let id = sys_getenvid();
    cprintf!("Hello, I am environment {id}.\n");
    for i in 0..5 {
        sys_yield();
        cprintf!("Back in environment {id}, iteration {i}.\n");
    }
    cprintf!("All done in environment {id}.\n");
}
