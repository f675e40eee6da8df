//! Benchmark: the system call that does nothing, `getenvid`.
//!
//! No lock at all is needed for it, so it shows what entering the kernel costs.

#![no_std]
#![no_main]

use ulib::{Args, sys_getenvid};
use user::bench;

ulib::entry!(main);

fn main(args: Args) {
    bench::run(
        "null",
        args,
        || (),
        |()| {
            sys_getenvid();
        },
    );
}
