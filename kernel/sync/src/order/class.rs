//! What the checker keeps inside each lock: its class, and who holds it.
//!
//! In the lock's own memory, which whoever takes or releases the lock touches anyway.

use super::{Lock, Site};
use crate::Rank;
use crate::atomic::{AtomicBool, AtomicU32};
use crate::site::AtomicSite;
use core::sync::atomic::Ordering::Relaxed;

/// Marks memory in which a lock was made.
const MADE: u32 = 0x4c4f_434b;

/// A lock's class and holder. Zero-sized in builds without checks.
pub(crate) struct Class {
    rank: Rank,
    made: u32,
    /// Whether the checker knows where the lock is.
    known: AtomicBool,
    /// Number of the CPU that holds the lock, plus one; 0 for none. Written by the holder.
    holder: AtomicU32,
    /// Where the lock was pinned, if it is. Written by the holder.
    pinned: AtomicSite,
}

impl Class {
    pub(crate) const fn new(rank: Rank) -> Self {
        assert!(!rank.is_wait(), "this class is no lock");
        Self { rank, made: MADE, known: AtomicBool::new(false), holder: AtomicU32::new(0), pinned: AtomicSite::new() }
    }

    pub(crate) fn lock(&self, address: usize, key: u16) -> Lock {
        Lock { address, rank: self.rank, key }
    }

    /// Whether `new` made this.
    pub(crate) fn is_made(&self) -> bool {
        self.made == MADE
    }

    /// Whether this is the first time that this is asked.
    #[inline]
    pub(crate) fn is_new(&self) -> bool {
        !self.known.load(Relaxed) && !self.known.swap(true, Relaxed)
    }

    /// Who holds the lock, as it says itself.
    pub(crate) fn holder(&self) -> Option<usize> {
        (self.holder.load(Relaxed) as usize).checked_sub(1)
    }

    pub(crate) fn set_holder(&self, cpu: Option<usize>) {
        self.holder.store(cpu.map_or(0, |cpu| cpu as u32 + 1), Relaxed);
    }

    pub(crate) fn pinned(&self) -> Option<Site> {
        self.pinned.get()
    }

    pub(crate) fn pin(&self, site: Option<Site>) {
        self.pinned.set(site);
    }
}
