//! Benchmark: a word to a partner and back.
//!
//! There are as many pairs as CPUs, and of a pair one is waiting, so no CPU need be idle.

#![no_std]
#![no_main]

use ulib::Args;
use user::bench::{self, Child};

ulib::entry!(main);

fn main(args: Args) {
    bench::run("ipc", args, Child::echo, |partner| partner.round_trip());
}
