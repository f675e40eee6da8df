//! Tells a measuring emulator what the program is about to do. Nothing else notices.

use core::arch::asm;

/// This worker is ready, and from now on does what is measured.
#[inline(always)]
pub fn window_begin() {
    mark::<{ abi::mark::WINDOW_BEGIN }, 0>();
}

/// One operation is done.
#[inline(always)]
pub fn op() {
    mark::<{ abi::mark::OP }, 0>();
}

/// This worker has done its share.
#[inline(always)]
pub fn window_end() {
    mark::<{ abi::mark::WINDOW_END }, 0>();
}

/// Worker number `WORKER`, 0 or 1, begins an operation of kind `KIND`, which [`op`] ends.
#[inline(always)]
pub fn op_begin<const WORKER: u32, const KIND: u32>() {
    const { assert!(WORKER < 2 && KIND > 0 && KIND < abi::mark::KINDS) };
    if WORKER == 0 {
        mark::<KIND, { abi::mark::OP_BEGIN }>();
    } else {
        mark::<KIND, { abi::mark::OP_BEGIN + abi::mark::KINDS }>();
    }
}

#[inline(always)]
fn mark<const NUMBER: u32, const FROM: u32>() {
    // SAFETY: the instruction computes an address and does nothing with it. Not `nomem`: what is before it in the
    // text has to be done before it. Not `preserves_flags`: `scripts/jos crosscheck` puts a counting instruction there.
    unsafe {
        asm!(
            "nopl {place}(%eax)",
            place = const abi::mark::BASE + FROM + NUMBER,
            options(att_syntax, nostack),
        );
    }
}
