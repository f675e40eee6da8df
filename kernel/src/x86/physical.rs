//! Reading what firmware and boot loader left in memory.
//!
//! They give addresses and lengths that need not be true, so everything is bounds-checked and copied. Memory
//! below 256 MiB is read through the window at `KERNBASE`; tables above it (ACPI's are at the top of memory) are
//! mapped into the device window first. For the boot CPU, before it starts the others.

use core::sync::atomic::{AtomicU32, Ordering};

use abi::layout::{KERNBASE, PGSIZE, PHYSMAX};

use super::memory;
use crate::mm::kernel_map;

/// How much is mapped at once, and on which boundary: ACPI's tables lie close together, and the device window
/// is small.
const CHUNK: u32 = 16 * PGSIZE;
const CHUNK_ALIGN: u32 = 8 * PGSIZE;

static MAPPED_PA: AtomicU32 = AtomicU32::new(0);
static MAPPED_VA: AtomicU32 = AtomicU32::new(0);

/// A range of physical memory that is mapped.
#[derive(Clone, Copy, Debug)]
pub(super) struct Memory {
    va: u32,
    len: u32,
}

/// `[pa, pa + len)`, if it lies in the window at `KERNBASE`.
pub(super) fn low(pa: u32, len: u32) -> Option<Memory> {
    let end = pa.checked_add(len)?;
    (end <= PHYSMAX).then(|| Memory { va: KERNBASE + pa, len })
}

/// `[pa, pa + len)`, wherever it lies. `None` if the range wraps around or there is no room to map it.
pub(super) fn anywhere(pa: u32, len: u32) -> Option<Memory> {
    low(pa, len).or_else(|| mapped(pa, len)).or_else(|| {
        let start = pa & !(CHUNK_ALIGN - 1);
        let end = pa.checked_add(len)?;
        let size = (end - start).max(CHUNK.min(start.wrapping_neg()));
        let va = kernel_map::map_device(start, size)?;
        if size == CHUNK {
            MAPPED_PA.store(start, Ordering::Relaxed);
            MAPPED_VA.store(va, Ordering::Relaxed);
        }
        Some(Memory { va: va + (pa - start), len })
    })
}

/// The range, if the chunk mapped last holds it.
fn mapped(pa: u32, len: u32) -> Option<Memory> {
    let va = MAPPED_VA.load(Ordering::Relaxed);
    let offset = pa.checked_sub(MAPPED_PA.load(Ordering::Relaxed))?;
    let inside = va != 0 && offset.checked_add(len)? <= CHUNK;
    inside.then(|| Memory { va: va + offset, len })
}

impl Memory {
    /// Bytes in the range.
    pub(super) fn len(&self) -> u32 {
        self.len
    }

    /// The byte at `offset`; 0 beyond the end.
    pub(super) fn u8(&self, offset: u32) -> u8 {
        if offset >= self.len {
            return 0;
        }
        // SAFETY: in bounds, and mapped for as long as the kernel runs.
        unsafe { memory::read_byte(self.va + offset) }
    }

    /// `N` bytes from `offset` on, with zeros for those beyond the end.
    pub(super) fn bytes<const N: usize>(&self, offset: u32) -> [u8; N] {
        core::array::from_fn(|i| {
            let at = u32::try_from(i).ok().and_then(|i| offset.checked_add(i));
            at.map_or(0, |at| self.u8(at))
        })
    }

    /// The little-endian 16-bit word at `offset`, which need not be aligned.
    pub(super) fn u16(&self, offset: u32) -> u16 {
        u16::from_le_bytes(self.bytes(offset))
    }

    /// The little-endian 32-bit word at `offset`, which need not be aligned.
    pub(super) fn u32(&self, offset: u32) -> u32 {
        u32::from_le_bytes(self.bytes(offset))
    }

    /// The little-endian 64-bit word at `offset`, which need not be aligned.
    pub(super) fn u64(&self, offset: u32) -> u64 {
        u64::from_le_bytes(self.bytes(offset))
    }

    /// The sum of `len` bytes from `offset` on, modulo 256: what firmware tables use as a checksum.
    pub(super) fn sum(&self, offset: u32, len: u32) -> u8 {
        (offset..offset.saturating_add(len).min(self.len)).fold(0, |sum, at| sum.wrapping_add(self.u8(at)))
    }
}
