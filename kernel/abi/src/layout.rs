//! The virtual address map.
//!
//! ```text
//! 4 GiB  ────────────► +------------------------------+
//!                      |  physical memory, 256 MiB    | kernel RW
//! KERNBASE, KSTACKTOP  +------------------------------+ 0xf0000000
//!                      |  kernel stacks, one each     | kernel RW
//!                      |  64 KiB, half of it a hole   |
//! MMIOLIM              +------------------------------+ 0xefc00000
//!                      |  devices; further stacks     | kernel RW
//! ULIM, MMIOBASE       +------------------------------+ 0xef800000
//!                      |  the current page tables     | user R
//! UVPT                 +------------------------------+ 0xef400000
//!                      |  a record for every frame    | user R
//! UPAGES               +------------------------------+ 0xef000000
//!                      |  a record for every env      | user R
//! UTOP, UENVS          +------------------------------+ 0xeec00000
//! UXSTACKTOP           |  user exception stack        | user RW, one page
//!                      +------------------------------+ 0xeebff000
//!                      |  (unmapped: a guard)         |
//! USTACKTOP            +------------------------------+ 0xeebfe000
//!                      |  user stack                  | user RW, one page
//!                      +------------------------------+ 0xeebfd000
//!                      ~                              ~
//!                      |  program and heap            |
//! UTEXT                +------------------------------+ 0x00800000
//! PFTEMP               |  scratch of the upcall       | 0x007ff000
//! UTEMP                +------------------------------+ 0x00400000
//!                      |  debug information (stabs)   |
//! USTABDATA            +------------------------------+ 0x00200000
//! 0     ─────────────► +------------------------------+
//! ```
//!
//! JOS: `inc/memlayout.h`.

/// Bytes in a page.
pub const PGSIZE: u32 = 4096;
/// Bytes that one page-directory entry maps.
pub const PTSIZE: u32 = 4 << 20;

/// Where physical memory is mapped for the kernel.
pub const KERNBASE: u32 = 0xf000_0000;
/// The most physical memory the window at [`KERNBASE`] holds, in bytes.
pub const PHYSMAX: u32 = 256 << 20;
/// Top of CPU 0's kernel stack.
pub const KSTACKTOP: u32 = KERNBASE;
/// Mapped bytes of a kernel stack.
pub const KSTKSIZE: u32 = 8 * PGSIZE;
/// Unmapped bytes below a kernel stack.
pub const KSTKGAP: u32 = 8 * PGSIZE;
/// End of the device window.
pub const MMIOLIM: u32 = KSTACKTOP - PTSIZE;
/// Start of the device window.
pub const MMIOBASE: u32 = MMIOLIM - PTSIZE;
/// Everything at or above is the kernel's alone.
pub const ULIM: u32 = MMIOBASE;
/// The current page tables, read-only.
pub const UVPT: u32 = ULIM - PTSIZE;
/// The frame records, read-only.
pub const UPAGES: u32 = UVPT - PTSIZE;
/// The env records, read-only.
pub const UENVS: u32 = UPAGES - PTSIZE;
/// The first address a program may not map.
pub const UTOP: u32 = UENVS;
/// Top of the one-page user exception stack.
pub const UXSTACKTOP: u32 = UTOP;
/// Top of the one-page user stack.
pub const USTACKTOP: u32 = UTOP - 2 * PGSIZE;
/// Where programs are linked (their entry is 0x20 further).
pub const UTEXT: u32 = 2 * PTSIZE;
/// A page for a program's temporary mappings.
pub const UTEMP: u32 = PTSIZE;
/// A page for the page-fault upcall's temporary mappings.
pub const PFTEMP: u32 = UTEMP + PTSIZE - PGSIZE;
/// Debug information of programs that have any.
pub const USTABDATA: u32 = PTSIZE / 2;
/// The page directory as it appears inside [`UVPT`].
pub const UVPD: u32 = UVPT + (UVPT >> 12) * 4;

/// Physical page from which the other CPUs start, in real mode. Never anything else.
pub const MPENTRY_PADDR: u32 = 0x7000;

/// Kernel code segment selector.
pub const GD_KT: u16 = 0x08;
/// Kernel data segment selector.
pub const GD_KD: u16 = 0x10;
/// User code segment selector, without its privilege level 3.
pub const GD_UT: u16 = 0x18;
/// User data segment selector, without its privilege level 3.
pub const GD_UD: u16 = 0x20;
/// Task-state segment selector of CPU 0; CPU i has `GD_TSS0 + 8 * i`.
pub const GD_TSS0: u16 = 0x28;

const _: () = {
    assert!(MMIOLIM == 0xefc0_0000);
    assert!(MMIOBASE == 0xef80_0000);
    assert!(UVPT == 0xef40_0000);
    assert!(UPAGES == 0xef00_0000);
    assert!(UENVS == 0xeec0_0000);
    assert!(USTACKTOP == 0xeebf_e000);
    assert!(UTEXT == 0x0080_0000);
    assert!(PFTEMP == 0x007f_f000);
    assert!(USTABDATA == 0x0020_0000);
    assert!(UVPD == 0xef7b_d000);
};
