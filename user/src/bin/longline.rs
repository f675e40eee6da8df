//! Prints more at once than fits into one call: every character comes, in its order.

#![no_std]
#![no_main]

use core::fmt;

use ulib::{Args, cprintf};

ulib::entry!(main);

/// Numbers, one behind the other.
struct Numbers;

impl fmt::Display for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (0..400).try_for_each(|number| write!(f, "{number},"))
    }
}

fn main(_: Args) {
    cprintf!("longline {Numbers} end\n");
    cprintf!("longline {:>600} end\n", "right");
}
