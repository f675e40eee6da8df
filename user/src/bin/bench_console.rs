//! Benchmark: a line of 16 characters on the console.
//!
//! There is one console, so this cannot get faster with more CPUs. It should not get slower.

#![no_std]
#![no_main]

use ulib::{Args, sys_cputs};
use user::bench;

ulib::entry!(main);

fn main(args: Args) {
    bench::run("console", args, || (), |()| sys_cputs(b"a line of a few\n"));
}
