//! Pages: page-table bits, index arithmetic, and the frame records at [`crate::layout::UPAGES`].
//!
//! 32-bit two-level paging (Intel SDM vol. 3 §4.3). JOS: `inc/mmu.h`, `inc/memlayout.h`, `inc/lib.h`.

use core::sync::atomic::AtomicU32;

use bitflags::bitflags;

bitflags! {
    /// The low twelve bits of a page-table or page-directory entry.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct PteFlags: u32 {
        /// `PTE_P`: present.
        const P = 0x001;
        /// `PTE_W`: writable.
        const W = 0x002;
        /// `PTE_U`: accessible to programs.
        const U = 0x004;
        /// `PTE_PWT`: write through.
        const PWT = 0x008;
        /// `PTE_PCD`: cache disabled.
        const PCD = 0x010;
        /// `PTE_A`: accessed.
        const A = 0x020;
        /// `PTE_D`: written to.
        const D = 0x040;
        /// `PTE_PS`: in a directory entry, a 4 MiB page.
        const PS = 0x080;
        /// `PTE_G`: survives a reload of CR3.
        const G = 0x100;
        /// `PTE_SHARE`: a convention of programs; the kernel gives it no meaning.
        const SHARE = 0x400;
        /// `PTE_COW`: a convention of `fork`; the kernel gives it no meaning.
        const COW = 0x800;
        /// `PTE_AVAIL`: the three bits that are the program's to use.
        const AVAIL = 0xe00;
    }
}

impl PteFlags {
    /// `PTE_SYSCALL`: the only bits a system call may carry.
    pub const SYSCALL: PteFlags = PteFlags::AVAIL.union(PteFlags::P).union(PteFlags::W).union(PteFlags::U);
}

/// The page-directory index of a virtual address.
pub const fn pdx(va: u32) -> usize {
    (va >> 22) as usize
}

/// The page-table index of a virtual address.
pub const fn ptx(va: u32) -> usize {
    (va >> 12) as usize & 0x3ff
}

/// The page number of a virtual or physical address.
pub const fn pgnum(address: u32) -> usize {
    (address >> 12) as usize
}

/// Entries of a page table that one bit of [`PageInfo::link`] stands for.
pub const CHUNK: usize = 32;

/// What programs see of a frame at [`crate::layout::UPAGES`]: JOS's `struct PageInfo`.
///
/// `refs` is the kernel's own count. A program compiled for JOS reads its low half, `pp_ref`.
#[derive(Debug)]
#[repr(C)]
pub struct PageInfo {
    /// `pp_link`: in JOS a pointer of the free list. Here 0, but for page tables and page directories: bit c is set if any of
    /// the [`CHUNK`] entries from `c * CHUNK` on may be present, and the others are not worth a look.
    pub link: AtomicU32,
    /// `pp_ref`: how many page-table entries and kernel owners refer to the frame.
    pub refs: AtomicU32,
}

const _: () = {
    assert!(size_of::<PageInfo>() == 8);
    assert!(core::mem::offset_of!(PageInfo, refs) == 4);
    assert!(PteFlags::SYSCALL.bits() == 0xe07);
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::{UVPD, UVPT};

    #[test]
    fn indices() {
        assert_eq!(pdx(UVPT), 0x3bd);
        assert_eq!(ptx(UVPD), 0x3bd);
        assert_eq!(pgnum(0x0080_0fff), 0x800);
    }
}
