//! Yields for ever.

#![no_std]
#![no_main]

use ulib::{Args, sys_yield};

ulib::entry!(main);

fn main(_: Args) {
    loop {
        sys_yield();
    }
}
