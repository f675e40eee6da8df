//! Memory operations on addresses, those on many bytes in assembly.
//!
//! Programs write their pages while the kernel copies them. To Rust such a race on plain memory is undefined;
//! an assembly block is a black box that moves whatever bytes it finds.

use core::arch::asm;

/// Fills the 4096 bytes at `address` with zeros.
///
/// # Safety
/// The page must be mapped and writable, and nothing may hold a Rust reference to it.
pub unsafe fn zero_page(address: usize) {
    // SAFETY: the caller's promise; DF is clear in the kernel (alltraps, boot).
    unsafe {
        asm!("rep stosd", inout("ecx") 1024 => _, inout("edi") address => _, in("eax") 0,
             options(nostack, preserves_flags));
    }
}

/// Copies `len` bytes from `from` to `into`, which do not overlap.
///
/// # Safety
/// `from` must be readable and `into` writable for `len` bytes; `into` must be the caller's to write.
pub unsafe fn copy(from: usize, into: usize, len: usize) {
    // SAFETY: the caller's promise; DF is clear in the kernel. ESI can't be an operand, so it is exchanged.
    unsafe {
        asm!("xchg esi, {from}", "rep movsb", "mov esi, {from}", from = inout(reg) from => _,
             inout("ecx") len => _, inout("edi") into => _, options(nostack, preserves_flags));
    }
}

/// The byte at kernel address `va`, which need not be Rust's.
///
/// # Safety
/// It must be mapped, and reading it must have no effect.
pub unsafe fn read_byte(va: u32) -> u8 {
    // SAFETY: the caller's promise; volatile, since anything may have written it.
    unsafe { (va as *const u8).read_volatile() }
}
