//! Benchmark: an env that is made and destroyed without having run.
//!
//! Env slots, page directories and their frames; no run queue and no other program.

#![no_std]
#![no_main]

use ulib::Args;
use user::bench::{self, Child};

ulib::entry!(main);

fn main(args: Args) {
    bench::run("churn", args, || (), |()| drop(Child::idle()));
}
