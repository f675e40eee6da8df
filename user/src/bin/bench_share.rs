//! Benchmark: all workers map the same page, each a second time in its own address space, and unmap it.
//!
//! The frame and its count of references are shared by the interface's own rules; nothing else is.

#![no_std]
#![no_main]

use ulib::{Args, Page, PteFlags, SELF, WRITE};
use user::bench;

ulib::entry!(main);

fn main(args: Args) {
    let page = Page::at(0x2000_0000);
    let again = page.plus(1);
    page.alloc(WRITE | PteFlags::SHARE).unwrap();
    bench::run(
        "share",
        args,
        || (),
        |()| {
            page.map(SELF, again, WRITE).unwrap();
            again.unmap().unwrap();
        },
    );
}
