//! Physical memory: a block of the host's, as large as the kernel's window on it.
//!
//! Pages that nobody touches cost the host nothing. Threads that play programs write while the kernel copies, as in the
//! machine, so every access is atomic.

use core::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::alloc::{Layout, alloc_zeroed, handle_alloc_error};
use std::sync::OnceLock;

use abi::layout::{KERNBASE, PGSIZE, PHYSMAX};

use super::jitter;
use crate::mm::{kernel_map, page_table};

/// What a read gives where there is nothing.
const OPEN_BUS: u8 = 0xff;

/// The host's address of physical address 0.
pub fn base() -> usize {
    static BASE: OnceLock<usize> = OnceLock::new();
    *BASE.get_or_init(|| {
        let layout = Layout::from_size_align(PHYSMAX as usize, PGSIZE as usize).expect("a page is a power of two");
        // SAFETY: the layout is not empty.
        let block = unsafe { alloc_zeroed(layout) };
        if block.is_null() {
            handle_alloc_error(layout);
        }
        block.expose_provenance()
    })
}

/// Fills the 4096 bytes at `address` with `word`. Other threads may go first.
///
/// # Safety
/// The page must be in the block, and nothing may hold a Rust reference to it but as atomic words.
pub unsafe fn fill_page(address: usize, word: u32) {
    jitter::point();
    // SAFETY: the caller's promise.
    unsafe { words(address) }.for_each(|place| place.store(word, Ordering::Relaxed));
}

/// Whether each word of the 4096 bytes at `address` is `word`.
///
/// # Safety
/// The page must be in the block.
pub unsafe fn page_holds_only(address: usize, word: u32) -> bool {
    // SAFETY: the caller's promise.
    unsafe { words(address) }.all(|place| place.load(Ordering::Relaxed) == word)
}

/// # Safety
/// The page must be in the block, and nothing may hold a Rust reference to it but as atomic words.
unsafe fn words<'a>(address: usize) -> impl Iterator<Item = &'a AtomicU32> {
    (address..address + PGSIZE as usize).step_by(4).map(|at| {
        let word = core::ptr::with_exposed_provenance::<AtomicU32>(at);
        // SAFETY: the caller's promise.
        unsafe { &*word }
    })
}

/// Copies `len` bytes from `from` to `into`, which do not overlap.
///
/// # Safety
/// `from` must be readable and `into` writable for `len` bytes; `into` must be the caller's to write.
pub unsafe fn copy(from: usize, into: usize, len: usize) {
    for at in 0..len {
        // SAFETY: the caller's promise.
        let byte = unsafe { byte(from + at) }.load(Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { self::byte(into + at) }.store(byte, Ordering::Relaxed);
    }
}

/// The byte at kernel address `va`: in the window on physical memory, or mapped as a device.
///
/// # Safety
/// None is needed here: what is not there reads as an empty bus does.
pub unsafe fn read_byte(va: u32) -> u8 {
    let pa = if va >= KERNBASE { Some(va - KERNBASE) } else { mapped(va) };
    let Some(pa) = pa.filter(|&pa| pa < PHYSMAX) else { return OPEN_BUS };
    // SAFETY: inside the block.
    unsafe { byte(base() + pa as usize) }.load(Ordering::Relaxed)
}

fn mapped(va: u32) -> Option<u32> {
    let word = page_table::slot(kernel_map::directory(), va)?.load(Ordering::Relaxed);
    (word & 1 != 0).then_some((word & !(PGSIZE - 1)) + va % PGSIZE)
}

/// # Safety
/// The byte must be readable, and writable if it is written, for as long as the reference is used.
unsafe fn byte<'a>(address: usize) -> &'a AtomicU8 {
    // SAFETY: the caller's promise; a byte is always aligned.
    unsafe { &*core::ptr::with_exposed_provenance::<AtomicU8>(address) }
}
