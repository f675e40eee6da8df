//! Tests a page-fault handler that allocates pages, also while it runs already.

#![no_std]
#![no_main]

use core::ptr;

use ulib::{Args, cprintf, set_pgfault_handler};
use user::fault_alloc::handler;

ulib::entry!(main);

fn main(_: Args) {
    set_pgfault_handler(handler).unwrap();
    print_at(0xdead_beef);
    print_at(0xcafe_bffe);
}

fn print_at(va: usize) {
    let mut text = [0; 100];
    let mut len = 0;
    loop {
        let place = ptr::with_exposed_provenance::<u8>(va + len);
        // SAFETY: no Rust value lives here; the handler puts a page where there is none, and on it
        // a string that ends.
        match unsafe { place.read_volatile() } {
            0 => break,
            byte => text[len] = byte,
        }
        len += 1;
    }
    cprintf!("{}\n", str::from_utf8(&text[..len]).unwrap());
}
