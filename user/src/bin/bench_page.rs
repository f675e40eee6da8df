//! Benchmark: `page_alloc` and `page_unmap` of one page.
//!
//! Every worker does it in its own address space: only the frame allocator is shared.

#![no_std]
#![no_main]

use ulib::{Args, Page, WRITE};
use user::bench;

ulib::entry!(main);

fn main(args: Args) {
    let page = Page::at(0x2000_0000);
    bench::run(
        "page",
        args,
        || (),
        |()| {
            page.alloc(WRITE).unwrap();
            page.unmap().unwrap();
        },
    );
}
