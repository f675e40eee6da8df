//! Fuzz: envs on all CPUs that make random calls at once, on each other and on themselves.
//!
//! `fuzz_crowd:SEED:ENVS:DEEDS:KINDS` goes on until DEEDS deeds are done, with at least ENVS envs, whose children do deeds of
//! their own; KINDS is a set of kinds of deeds, as a number. It ends with `FUZZ crowd done N wrong W`. `scripts/jos fuzz` has
//! the other half.

#![no_std]
#![no_main]

use ulib::{Args, cprintf};
use user::fuzz::crowd::Crowd;

ulib::entry!(main);

fn main(args: Args) {
    let [seed, envs, deeds, kinds] = [(1, 1), (2, 4), (3, 10_000), (4, 0xffff)].map(|(i, n)| args.number(i, n));
    if (Crowd { seed, envs, deeds, kinds }).run().is_err() {
        cprintf!("FUZZ crowd: no memory\n");
    }
}
