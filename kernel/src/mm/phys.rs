//! The kernel's view of physical memory: the window at KERNBASE.
//!
//! One of the few modules with unsafe code: everything the kernel does to a frame's contents goes through
//! here. Page tables are seen as atomic words, because the CPU sets accessed and dirty bits and programs read
//! them through UVPT. Everything else is copied in and out by [`crate::x86::memory`], never referred to, because
//! programs on other CPUs may write it at any moment.

#![allow(unsafe_code, reason = "turns frame numbers into kernel addresses")]

use core::sync::atomic::AtomicU32;

use abi::layout::PGSIZE;

use crate::mm::frame::Frame;
use crate::x86;
use crate::x86::boot_info::Module;

/// A frame seen as a page table or page directory.
pub type Table = [AtomicU32; 1024];

/// The kernel's address of physical address `address`.
pub fn kernel_address(address: u32) -> usize {
    x86::phys_base() + address as usize
}

/// The kernel address of a static.
pub fn address_of<T>(value: &'static T) -> u32 {
    x86::image::address(core::ptr::from_ref(value).addr())
}

/// A frame's contents as a page table.
pub fn table(frame: Frame) -> &'static Table {
    let address = core::ptr::with_exposed_provenance::<Table>(kernel_address(frame.address()));
    // SAFETY: every frame number below MAX_FRAMES is mapped at KERNBASE for as long as the kernel runs, a frame
    // is aligned and as large as a table, every bit pattern is an AtomicU32, and all the kernel's other accesses
    // to frames are made by assembly that Rust knows nothing of.
    unsafe { &*address }
}

/// Fills a frame with zeros.
pub fn zero(frame: Frame) {
    fill(frame, 0);
}

/// Fills a frame with `word`.
pub fn fill(frame: Frame, word: u32) {
    // SAFETY: the frame is mapped, PGSIZE bytes long and aligned, and no Rust reference to it is needed: what is
    // filled is owned by the caller, or shared with programs that see one value or the other.
    unsafe { x86::memory::fill_page(kernel_address(frame.address()), word) }
}

/// Whether all of a frame is `word`.
pub fn is_filled(frame: Frame, word: u32) -> bool {
    // SAFETY: the frame is mapped, PGSIZE bytes long and aligned; reading it by assembly needs no more.
    unsafe { x86::memory::page_holds_only(kernel_address(frame.address()), word) }
}

/// Copies the entries of a page table from `first` to its end to the same place in another.
pub fn copy_entries(from: Frame, into: Frame, first: usize) {
    assert!(first < 1024);
    let (offset, len) = (first * 4, (1024 - first) * 4);
    let (from, into) = (kernel_address(from.address()) + offset, kernel_address(into.address()) + offset);
    // SAFETY: both ranges end where their mapped frames do, and the frames are different ones: `into` is being made. They
    // are written by assembly like this, or as atomic words.
    unsafe { x86::memory::copy(from, into, len) }
}

/// Copies `into.len()` bytes out of a frame, from `offset` on.
pub fn read(frame: Frame, offset: usize, into: &mut [u8]) {
    assert!(offset + into.len() <= PGSIZE as usize);
    let from = kernel_address(frame.address()) + offset;
    // SAFETY: the source lies inside one mapped frame (asserted), the destination is an exclusive slice. Programs
    // may write the source meanwhile: assembly copies whatever is there.
    unsafe { x86::memory::copy(from, into.as_mut_ptr().expose_provenance(), into.len()) }
}

/// Copies `from` into a frame, from `offset` on.
pub fn write(frame: Frame, offset: usize, from: &[u8]) {
    assert!(offset + from.len() <= PGSIZE as usize);
    let into = kernel_address(frame.address()) + offset;
    // SAFETY: the destination lies inside one mapped frame (asserted) that is a program's or the caller's own,
    // never memory that Rust refers to.
    unsafe { x86::memory::copy(from.as_ptr().expose_provenance(), into, from.len()) }
}

/// The contents of a boot module. The frame allocator never hands out its frames ([`crate::memory`] sees to that).
pub fn boot_memory(module: &Module) -> &'static [u8] {
    let from = core::ptr::with_exposed_provenance::<u8>(kernel_address(module.start));
    // SAFETY: `boot_info` keeps only modules that lie below 256 MiB, which is mapped; their frames are never free, so
    // nobody writes them after the boot loader.
    unsafe { core::slice::from_raw_parts(from, (module.end - module.start) as usize) }
}
