//! What the checker keeps inside each lock: its class and key, and whether it is held.
//!
//! In the lock's own memory, which whoever takes or releases the lock touches anyway.

use super::{Lock, Site};
use crate::Rank;
use crate::atomic::AtomicU32;
use crate::pointer::AtomicSite;
use core::ptr;
use core::sync::atomic::Ordering::Relaxed;

/// The lock was made, and never taken. Marks memory in which a lock was made, too: zeros and rubbish are other numbers.
const NEW: u32 = 0x4c4f_4300;
/// The lock was taken once.
const USED: u32 = 1;
/// Somebody holds it.
const HELD: u32 = 2;
/// It is pinned.
const PINNED: u32 = 4;
/// Each step is to be told: see [`crate::Machine::is_watched`].
const WATCHED: u32 = 8;
const FLAGS: u32 = USED | HELD | PINNED | WATCHED;

/// A lock's class and state. Zero-sized in builds without checks.
// In this order: the address of the first one is the lock's own, and what is at that address would be loaded through a copy of
// it, which is an instruction more for `word` at each lock.
#[repr(C)]
pub(crate) struct Class {
    /// All in one word, so that one look tells the usual case from all others. Written by the holder.
    state: AtomicU32,
    /// Rank and key: see [`super::chains::word`].
    word: u32,
    rank: Rank,
    /// Where the lock was pinned, if it is. Written by the holder.
    pinned: AtomicSite,
}

impl Class {
    pub(crate) const fn new(rank: Rank, key: u16) -> Self {
        assert!(!rank.is_wait(), "this class is no lock");
        Self::rubbish(rank, key, NEW)
    }

    /// What is left of a lock in memory where there is `state` instead of one. For the self-test.
    pub(crate) const fn rubbish(rank: Rank, key: u16, state: u32) -> Self {
        let word = Lock { address: 0, rank, key }.word();
        Self { rank, word, state: AtomicU32::new(state), pinned: AtomicSite::new() }
    }

    /// The lock that this is part of.
    pub(crate) fn lock(&self) -> Lock {
        Lock { address: self.address(), rank: self.rank, key: self.word as u16 }
    }

    /// The place in memory that tells the lock from others: this one, inside it.
    #[inline(always)]
    pub(crate) fn address(&self) -> usize {
        ptr::from_ref(self).addr()
    }

    #[inline(always)]
    pub(crate) fn rank(&self) -> Rank {
        self.rank
    }

    #[inline(always)]
    pub(crate) fn word(&self) -> u32 {
        self.word
    }

    /// Whether `new` made this.
    pub(crate) fn is_made(&self) -> bool {
        self.state.load(Relaxed) & !FLAGS == NEW
    }

    /// Whether nobody has ever taken the lock.
    pub(crate) fn is_new(&self) -> bool {
        self.has(0, USED)
    }

    /// Whether nobody holds the lock, as it says itself.
    pub(crate) fn is_free(&self) -> bool {
        self.is_made() && self.has(0, HELD)
    }

    /// Whether somebody holds the lock, as it says itself.
    pub(crate) fn is_held(&self) -> bool {
        self.is_made() && self.has(HELD, HELD)
    }

    /// Whether it was taken before, is free, and nobody is to be told: the usual case.
    #[inline(always)]
    pub(crate) fn is_just_free(&self) -> bool {
        self.state.load(Relaxed) == NEW | USED
    }

    /// Whether it is held, not pinned, and nobody is to be told: the usual case.
    #[inline(always)]
    pub(crate) fn is_just_held(&self) -> bool {
        self.state.load(Relaxed) == NEW | USED | HELD
    }

    /// Says that somebody holds it.
    #[inline(always)]
    pub(crate) fn set_held(&self) {
        self.state.store(NEW | USED | HELD, Relaxed);
    }

    /// Says that nobody holds it.
    #[inline(always)]
    pub(crate) fn set_free(&self) {
        self.state.store(NEW | USED, Relaxed);
    }

    /// Where the lock was pinned, if it is.
    pub(crate) fn pinned(&self) -> Option<Site> {
        self.pinned.get().filter(|_| self.has(PINNED, PINNED))
    }

    /// Pins the lock, which the caller holds; or lets it be released again.
    pub(crate) fn pin(&self, site: Option<Site>) {
        self.pinned.set(site);
        let state = self.state.load(Relaxed) & !PINNED;
        self.state.store(state | if site.is_some() { PINNED } else { 0 }, Relaxed);
    }

    /// From now on each step with this lock is told. Whoever has it meanwhile may make this undone, once.
    pub(crate) fn watch(&self) {
        let state = self.state.load(Relaxed);
        if state & !FLAGS == NEW {
            // If the lock changes hands just now, this fails.
            let _ = self.state.compare_exchange(state, state | WATCHED, Relaxed, Relaxed);
        }
    }

    fn has(&self, flags: u32, of: u32) -> bool {
        self.state.load(Relaxed) & of == flags
    }
}

impl Lock {
    /// Class and key in one word, in the order of the classes and then of the keys.
    #[inline(always)]
    pub(super) const fn word(self) -> u32 {
        (self.rank as u32) << 16 | self.key as u32
    }

    /// The lock at `address` whose rank and key are `word`, if there is such a rank.
    pub(super) fn of(address: usize, word: u32) -> Option<Self> {
        let rank = *Rank::ALL.get((word >> 16) as usize)?;
        Some(Self { address, rank, key: word as u16 })
    }
}
