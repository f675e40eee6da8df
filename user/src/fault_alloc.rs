//! A page-fault handler that allocates whatever page is missing.
//!
//! JOS: `user/faultalloc.c` and `user/faultallocbad.c`.

use core::fmt::{self, Write};
use core::ptr;

use ulib::layout::PGSIZE;
use ulib::{SELF, UTrapframe, WRITE, cprintf, sys_page_alloc};

/// Allocates the page and leaves a string at the address of the fault.
///
/// The string may run into the next page; that one's fault is handled while this one's is.
pub fn handler(frame: &mut UTrapframe) {
    let va = frame.fault_va;
    cprintf!("fault {va:x}\n");
    if let Err(error) = sys_page_alloc(SELF, va & !(PGSIZE - 1), WRITE) {
        panic!("allocating at {va:x} in page fault handler: {error}");
    }
    let mut text = At(va);
    // `At` never fails.
    let _ = write!(text, "this string was faulted in at {va:x}\0");
}

/// Writes text to successive addresses.
struct At(u32);

impl Write for At {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        for &byte in s.as_bytes() {
            let place = ptr::with_exposed_provenance_mut::<u8>(self.0 as usize);
            // SAFETY: these programs fault only at addresses far from all that the linker placed and
            // from the stacks, so no Rust value is there; the access may fault, and is meant to.
            unsafe { place.write_volatile(byte) };
            self.0 += 1;
        }
        Ok(())
    }
}
