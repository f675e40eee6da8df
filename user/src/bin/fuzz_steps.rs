//! Fuzz: episodes of random calls, one at a time, whose every result the host knows beforehand.
//!
//! `fuzz_steps:SEED:FIRST:COUNT:LENGTH[:all|HEX[:show]]` plays COUNT episodes of LENGTH steps from number FIRST on, and prints
//! `FUZZ episode E digest D` after each; with hexadecimal digits only the steps whose bits are set, and with `show` every
//! result. When no env is left for the next one, it says `FUZZ full at E`. `scripts/jos fuzz` has the other half.

#![no_std]
#![no_main]

use fuzz::plan::Plan;
use ulib::{Args, cprintf};
use user::fuzz::episode::{self, Kept};

ulib::entry!(main);

fn main(args: Args) {
    let [seed, first, count, length] = [(1, 1), (2, 0), (3, 10), (4, 300)].map(|(i, n)| args.number(i, n));
    let kept = Kept(args.get(5).filter(|&word| word != "all"));
    episode::open().expect("memory for the board");
    for number in first..first.saturating_add(count) {
        match episode::run(Plan::new(seed, number), length as usize, kept) {
            Ok(digest) => cprintf!("FUZZ episode {number} digest {:08x}\n", digest.0),
            Err(_) => return cprintf!("FUZZ full at {number}\n"),
        }
        if args.get(6).is_some() {
            (0..episode::total()).for_each(|i| cprintf!("FUZZ step {i} result {:08x}\n", episode::result(i)));
        }
    }
    cprintf!("FUZZ done\n");
}
