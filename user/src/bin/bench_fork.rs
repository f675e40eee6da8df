//! Benchmark: `fork`, and a child that ends at once.
//!
//! Everything at once: env slots, address spaces, frames, run queues, page faults.

#![no_std]
#![no_main]

use ulib::{Args, fork};
use user::bench::{self, child_does};

ulib::entry!(main);

fn main(args: Args) {
    bench::run("fork", args, || (), |()| child_does(fork, || ()));
}
