//! Memory operations on addresses, those on many bytes in assembly.
//!
//! Programs write their pages while the kernel copies them. To Rust such a race on plain memory is undefined;
//! an assembly block is a black box that moves whatever bytes it finds.

use core::arch::asm;

use super::fpu;

/// Fills the 4096 bytes at `address` with `word`.
///
/// # Safety
/// The page must be mapped and writable, and nothing may hold a Rust reference to it but as atomic words.
pub unsafe fn fill_page(address: usize, word: u32) {
    // SAFETY: the caller's promise.
    let by_sixteen = fpu::lend(|| unsafe { fill_by_sixteen(address, word) });
    if by_sixteen.is_none() {
        // SAFETY: the caller's promise; DF is clear in the kernel (alltraps, boot).
        unsafe {
            asm!("rep stosd", inout("ecx") 1024 => _, inout("edi") address => _, in("eax") word,
                 options(nostack, preserves_flags));
        }
    }
}

/// Fills a page by way of XMM0, which is what it was afterwards. Zeroing is most of what a fresh page costs, and
/// an emulator takes an instruction at a time: a quarter of them is a quarter of the time.
///
/// # Safety
/// As for [`fill_page`], and SSE instructions must not trap.
unsafe fn fill_by_sixteen(address: usize, word: u32) {
    let words = [word; 4];
    // SAFETY: the caller's promise; a page is aligned to 16, the stack need not be.
    unsafe {
        asm!(
            "sub esp, 16",
            "movups [esp], xmm0",
            "movups xmm0, [{words}]",
            "2:",
            ".set at, 0",
            ".rept 64",
            "movaps [{page} + at], xmm0",
            ".set at, at + 16",
            ".endr",
            "add {page}, 1024",
            "dec {left}",
            "jnz 2b",
            "movups xmm0, [esp]",
            "add esp, 16",
            words = in(reg) words.as_ptr(),
            page = inout(reg) address => _,
            left = inout(reg) 4 => _,
        );
    }
}

/// Whether each word of the 4096 bytes at `address` is `word`.
///
/// # Safety
/// The page must be mapped.
pub unsafe fn page_holds_only(address: usize, word: u32) -> bool {
    // SAFETY: the caller's promise.
    let by_sixteen = fpu::lend(|| unsafe { sum_by_sixteen(address) });
    if let Some(sums) = by_sixteen {
        return sums == [word; 8];
    }
    let same: u8;
    // SAFETY: the caller's promise; DF is clear in the kernel.
    unsafe {
        asm!("repe scasd", "sete {same}", same = out(reg_byte) same, inout("ecx") 1024 => _,
             inout("edi") address => _, in("eax") word, options(nostack, readonly));
    }
    same != 0
}

/// What all of a page's words have in common, and what any of them has, four words each: the conjunction and the disjunction
/// are the same only if all words are. By way of XMM0 and XMM1, which are what they were afterwards.
///
/// # Safety
/// As for [`page_holds_only`], and SSE instructions must not trap.
unsafe fn sum_by_sixteen(address: usize) -> [u32; 8] {
    let mut sums = [0; 8];
    // SAFETY: the caller's promise; a page is aligned to 16, the stack and the sums need not be.
    unsafe {
        asm!(
            "sub esp, 32",
            "movups [esp], xmm0",
            "movups [esp + 16], xmm1",
            "movaps xmm0, [{page}]",
            "movaps xmm1, xmm0",
            "2:",
            ".set at, 0",
            ".rept 16",
            "andps xmm0, [{page} + at]",
            "orps xmm1, [{page} + at]",
            ".set at, at + 16",
            ".endr",
            "add {page}, 256",
            "dec {left}",
            "jnz 2b",
            "movups [{sums}], xmm0",
            "movups [{sums} + 16], xmm1",
            "movups xmm0, [esp]",
            "movups xmm1, [esp + 16]",
            "add esp, 32",
            sums = in(reg) sums.as_mut_ptr(),
            page = inout(reg) address => _,
            left = inout(reg) 16 => _,
        );
    }
    sums
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
