//! The scenario of one race, `race:ROW`: see `user/src/race`.

#![no_std]
#![no_main]

use ulib::{Args, cprintf};

ulib::entry!(main);

fn main(args: Args) {
    let row = args.number(1, 0);
    assert!(user::race::play(row), "no scenario for row {row}");
    cprintf!("race {row}: ok\n");
}
