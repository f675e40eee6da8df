//! Benchmark: 96 pages allocated one after the other, then all of them unmapped.
//!
//! More than a CPU keeps at hand, so every burst goes to the global list of free frames and back.

#![no_std]
#![no_main]

use ulib::{Args, Page, WRITE};
use user::bench;

ulib::entry!(main);

const PAGES: u32 = 96;

fn main(args: Args) {
    let first = Page::at(0x2000_0000);
    bench::run(
        "burst",
        args,
        || (),
        |()| {
            (0..PAGES).for_each(|i| first.plus(i).alloc(WRITE).unwrap());
            (0..PAGES).for_each(|i| first.plus(i).unmap().unwrap());
        },
    );
}
