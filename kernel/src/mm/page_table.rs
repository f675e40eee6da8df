//! Walking two-level page tables.
//!
//! A directory is named by its frame. Every function needs the lock of the address space it belongs to (env vm),
//! which is what keeps tables alive and entries still. Entries are atomic words all the same: the CPU sets their
//! accessed and dirty bits, and programs read them through UVPT.
//!
//! Intel SDM vol. 3 §4.3.

use core::sync::atomic::{AtomicU32, Ordering};

use abi::layout::PGSIZE;
use abi::page::{PteFlags, pdx, ptx};

use crate::mm::frame::{Frame, PageRef};
use crate::mm::phys;

/// A present entry, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it maps.
    pub frame: Frame,
    /// Its twelve low bits.
    pub flags: PteFlags,
}

impl Entry {
    /// Takes an entry apart; `None` when it is not present.
    pub fn decode(word: u32) -> Option<Entry> {
        let flags = PteFlags::from_bits_retain(word & (PGSIZE - 1));
        if !flags.contains(PteFlags::P) {
            return None;
        }
        Frame::containing(word).map(|frame| Entry { frame, flags })
    }

    /// Puts an entry together.
    pub fn encode(frame: Frame, flags: PteFlags) -> u32 {
        frame.address() | flags.bits()
    }
}

/// The page-table entry for `va`, unless there is no page table for it.
pub fn slot(directory: Frame, va: u32) -> Option<&'static AtomicU32> {
    let entry = Entry::decode(phys::table(directory)[pdx(va)].load(Ordering::Relaxed))?;
    if entry.flags.contains(PteFlags::PS) {
        return None;
    }
    Some(&phys::table(entry.frame)[ptx(va)])
}

/// The page-table entry for `va`, with a fresh page table if there was none; `None` when no frame is free.
///
/// A directory entry gives every right; what counts is the page's own entry.
pub fn slot_or_create(directory: Frame, va: u32) -> Option<&'static AtomicU32> {
    if slot(directory, va).is_none() {
        let table = PageRef::alloc_zeroed()?.into_entry();
        let flags = PteFlags::P | PteFlags::W | PteFlags::U;
        phys::table(directory)[pdx(va)].store(Entry::encode(table, flags), Ordering::Release);
    }
    slot(directory, va)
}

/// What is mapped at `va`, with the rights that the entry and its directory entry leave together.
pub fn lookup(directory: Frame, va: u32) -> Option<Entry> {
    let above = Entry::decode(phys::table(directory)[pdx(va)].load(Ordering::Relaxed))?;
    let entry = Entry::decode(slot(directory, va)?.load(Ordering::Relaxed))?;
    let denied = (PteFlags::U | PteFlags::W).difference(above.flags);
    Some(Entry { frame: entry.frame, flags: entry.flags.difference(denied) })
}
