//! Benchmark: a page fault that the program handles by allocating the page, and `page_unmap`.
//!
//! The way up to the handler is the kernel's; the way back takes no system call.

#![no_std]
#![no_main]

use ulib::{Args, Page, UTrapframe, WRITE, set_pgfault_handler};
use user::bench;

ulib::entry!(main);

const VA: u32 = 0x2000_0000;

fn main(args: Args) {
    let page = Page::at(VA);
    // After the workers were forked, so that this handler replaces that of `fork`. The write to the
    // handler's global is the last copy on write: a worker's stack is its own already.
    let setup = || set_pgfault_handler(handler).unwrap();
    bench::run("fault", args, setup, |()| {
        page.write(0, 1);
        page.unmap().unwrap();
    });
}

fn handler(frame: &mut UTrapframe) {
    assert!(frame.fault_va == VA, "page fault at va {:08x}", frame.fault_va);
    Page::at(VA).alloc(WRITE).unwrap();
}
