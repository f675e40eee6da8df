//! Buggy hello world: the string is fine, its length is not.

#![no_std]
#![no_main]

use ulib::{Args, address, sys_cputs_at};

ulib::entry!(main);

static HELLO: &str = "hello, world\n";

fn main(_: Args) {
    sys_cputs_at(address(HELLO.as_ptr()), 1024 * 1024);
}
