//! An entry of a page table or of a page directory.
//!
//! Entries are exchanged, as the CPU that walks the tables sets their accessed and dirty bits at any moment.

use abi::layout::PGSIZE;
use abi::page::PteFlags;

use crate::atomic::{AtomicU32, Ordering};
use crate::mm::frame::Frame;

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

    /// Makes `slot` map `frame`, and gives back what was in it. Page tables are frames, too.
    pub fn put(slot: &AtomicU32, frame: Frame, flags: PteFlags) -> u32 {
        // Release: a CPU that finds the frame, walking the tables, finds in it what was written to it before.
        slot.swap(Entry::encode(frame, flags), Ordering::Release)
    }

    /// Makes `slot` map nothing, and gives back what was in it. Other CPUs have to be told: that puts it in an order.
    pub fn take(slot: &AtomicU32) -> u32 {
        slot.swap(0, Ordering::Relaxed)
    }
}
