//! Memory operations on addresses, those on many bytes in assembly.
//!
//! Programs write their pages while the kernel copies them. To Rust such a race on plain memory is undefined;
//! an assembly block is a black box that moves whatever bytes it finds.

use core::arch::asm;

use super::fpu;

/// Fills the 4096 bytes at `address` with zeros.
///
/// # Safety
/// The page must be mapped and writable, and nothing may hold a Rust reference to it.
pub unsafe fn zero_page(address: usize) {
    // SAFETY: the caller's promise.
    let by_sixteen = fpu::lend(|| unsafe { zero_by_sixteen(address) });
    if by_sixteen.is_none() {
        // SAFETY: the caller's promise; DF is clear in the kernel (alltraps, boot).
        unsafe {
            asm!("rep stosd", inout("ecx") 1024 => _, inout("edi") address => _, in("eax") 0,
                 options(nostack, preserves_flags));
        }
    }
}

/// Fills a page with zeros by way of XMM0, which is what it was afterwards. Zeroing is most of what a fresh page costs, and
/// an emulator takes an instruction at a time: a quarter of them is a quarter of the time.
///
/// # Safety
/// As for [`zero_page`], and SSE instructions must not trap.
unsafe fn zero_by_sixteen(address: usize) {
    // SAFETY: the caller's promise; a page is aligned to 16, the stack need not be.
    unsafe {
        asm!(
            "sub esp, 16",
            "movups [esp], xmm0",
            "xorps xmm0, xmm0",
            "2:",
            ".set at, 0",
            ".rept 16",
            "movaps [{page} + at], xmm0",
            ".set at, at + 16",
            ".endr",
            "add {page}, 256",
            "dec {left}",
            "jnz 2b",
            "movups xmm0, [esp]",
            "add esp, 16",
            page = inout(reg) address => _,
            left = inout(reg) 16 => _,
        );
    }
}

/// Copies `len` bytes from `from` to `into`, which do not overlap.
///
/// # Safety
/// `from` must be readable and `into` writable for `len` bytes; `into` must be the caller's to write.
pub unsafe fn copy(from: usize, into: usize, len: usize) {
    // SAFETY: the caller's promise; DF is clear in the kernel. ESI can't be an operand, so it is exchanged.
    unsafe {
        asm!("xchg esi, {from}", "rep movsd", "mov ecx, edx", "rep movsb", "mov esi, {from}",
             from = inout(reg) from => _, in("edx") len % 4,
             inout("ecx") len / 4 => _, inout("edi") into => _, options(nostack, preserves_flags));
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
