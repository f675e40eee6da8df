//! Reading and writing a program's memory at any address, 0 included.

use core::arch::asm;

/// The word at `va`. May fault.
pub(super) fn read(va: u32) -> u32 {
    let word;
    // SAFETY: reads memory and nothing else. In assembly, since Rust has no word at address 0.
    unsafe { asm!("mov {word}, [{va}]", va = in(reg) va, word = out(reg) word, options(nostack, preserves_flags)) };
    word
}

/// Writes the word at `va`. May fault.
///
/// For pages that a program has mapped by hand, where no Rust value is.
pub(super) fn write(va: u32, word: u32) {
    // SAFETY: the addresses that the fuzzer draws are none of those where the linker puts anything, nor the stack's.
    unsafe { asm!("mov [{va}], {word}", va = in(reg) va, word = in(reg) word, options(nostack, preserves_flags)) };
}
