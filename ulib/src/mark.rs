//! Tells a measuring emulator what the program is about to do. Nothing else notices.

use core::arch::asm;

/// This worker is ready, and from now on does what is measured.
#[inline(always)]
pub fn window_begin() {
    mark::<{ abi::mark::WINDOW_BEGIN }>();
}

/// One operation is done.
#[inline(always)]
pub fn op() {
    mark::<{ abi::mark::OP }>();
}

/// This worker has done its share.
#[inline(always)]
pub fn window_end() {
    mark::<{ abi::mark::WINDOW_END }>();
}

/// An operation begins, which [`op`] ends.
#[inline(always)]
pub fn op_begin() {
    mark::<{ abi::mark::OP_BEGIN }>();
}

#[inline(always)]
fn mark<const NUMBER: u32>() {
    // SAFETY: the instruction computes an address and does nothing with it. Not `nomem`: what is before it in the
    // text has to be done before it.
    unsafe {
        asm!(
            "nopl {place}(%eax)",
            place = const abi::mark::BASE + NUMBER,
            options(att_syntax, nostack, preserves_flags),
        );
    }
}
