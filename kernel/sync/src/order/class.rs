//! What the checker keeps inside each lock: its class, and who holds it.
//!
//! In the lock's own memory, which whoever takes or releases the lock touches anyway.

use super::{Lock, Site};
use crate::atomic::AtomicU32;
use crate::site::AtomicSite;
use crate::{MAX_CPUS, Rank};
use core::sync::atomic::Ordering::Relaxed;

/// The lock was made, and never taken. Marks memory in which a lock was made, too: zeros and rubbish are other numbers.
const NEW: u32 = 0x4c4f_4300;
/// Nobody holds it.
const FREE: u32 = NEW + 1;
/// CPU 0 holds it; CPU 1 if it is one more, and so on.
const HELD: u32 = NEW + 2;

/// A lock's class and holder. Zero-sized in builds without checks.
pub(crate) struct Class {
    rank: Rank,
    /// All in one word, so that one look tells the usual case from all others. Written by the holder.
    state: AtomicU32,
    /// Where the lock was pinned, if it is. Written by the holder.
    pinned: AtomicSite,
}

impl Class {
    pub(crate) const fn new(rank: Rank) -> Self {
        assert!(!rank.is_wait(), "this class is no lock");
        Self { rank, state: AtomicU32::new(NEW), pinned: AtomicSite::new() }
    }

    /// What is left of a lock in memory where there is `word` instead of one. For the self-test.
    pub(crate) const fn rubbish(rank: Rank, word: u32) -> Self {
        Self { rank, state: AtomicU32::new(word), pinned: AtomicSite::new() }
    }

    #[inline(always)]
    pub(crate) fn lock(&self, address: usize, key: u16) -> Lock {
        Lock { address, rank: self.rank, key }
    }

    /// Whether `new` made this.
    pub(crate) fn is_made(&self) -> bool {
        self.state.load(Relaxed).wrapping_sub(NEW) < 2 + MAX_CPUS as u32
    }

    /// Whether nobody has ever taken the lock.
    pub(crate) fn is_new(&self) -> bool {
        self.state.load(Relaxed) == NEW
    }

    /// Whether the lock has been used before and is free, as it says itself: the usual case.
    #[inline]
    pub(crate) fn is_free(&self) -> bool {
        self.state.load(Relaxed) == FREE
    }

    /// Whether CPU `cpu` holds the lock, as it says itself.
    #[inline]
    pub(crate) fn is_held_by(&self, cpu: usize) -> bool {
        self.state.load(Relaxed) == HELD + cpu as u32
    }

    #[inline]
    pub(crate) fn set_holder(&self, cpu: usize) {
        self.state.store(HELD + cpu as u32, Relaxed);
    }

    #[inline]
    pub(crate) fn set_free(&self) {
        self.state.store(FREE, Relaxed);
    }

    #[inline]
    pub(crate) fn pinned(&self) -> Option<Site> {
        self.pinned.get()
    }

    pub(crate) fn pin(&self, site: Option<Site>) {
        self.pinned.set(site);
    }
}
