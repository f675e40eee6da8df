//! Benchmark: `page_map` of a page into a child, and `page_unmap` of it there.
//!
//! Two address spaces at once, but no frame is allocated or freed.

#![no_std]
#![no_main]

use ulib::{Args, Page, WRITE, sys_page_unmap};
use user::bench::{self, Child};

ulib::entry!(main);

fn main(args: Args) {
    let page = Page::at(0x2000_0000);
    let setup = || {
        page.alloc(WRITE).unwrap();
        Child::idle()
    };
    bench::run("map", args, setup, |child| {
        page.map(child.id(), page, WRITE).unwrap();
        sys_page_unmap(child.id(), page.va()).unwrap();
    });
}
