//! hello, world
//!
//! Also says who it is, as JOS's does through `thisenv`.

#![no_std]
#![no_main]

use ulib::{Args, cprintf};

ulib::entry!(main);

fn main(_: Args) {
    cprintf!("hello, world\n");
    cprintf!("i am environment {}\n", ulib::sys_getenvid());
}
