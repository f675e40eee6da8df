//! The raw lock: test-and-test-and-set.
//!
//! The atomic word is `spin`'s mutex (`bit.rs`). The waiting is ours.
//! Look first and write only when the lock looks free, so that waiting CPUs share the cache line
//! instead of pulling it to and fro. There is no queue. A queue collapses
//! when there are more virtual CPUs than real ones: the next in line may not be running, and
//! everybody waits for it. `model.rs` tries this under a scheduler that interleaves at will.
#![allow(unsafe_code, reason = "unlocking is a promise of the caller")]

use crate::bit::Bit;
use spin::RelaxStrategy;

/// One lock bit. `R` is what a CPU does in each turn of its wait.
pub(crate) struct Raw<R>(Bit<R>);

impl<R: RelaxStrategy> Raw<R> {
    pub(crate) const fn new() -> Self {
        Self(Bit::new())
    }

    pub(crate) fn try_lock(&self) -> bool {
        self.0.try_lock()
    }

    /// Takes the lock, however long that takes. Kept out of line: callers try once themselves.
    #[cold]
    #[inline(never)]
    pub(crate) fn lock(&self) {
        while !self.try_lock() {
            while self.is_locked() {
                // One `pause` between two looks: with more, the lock is free and nobody sees it.
                R::relax();
            }
        }
    }

    pub(crate) fn is_locked(&self) -> bool {
        self.0.is_locked()
    }

    /// # Safety
    /// The caller must own the lock, or know that its owner never runs again.
    pub(crate) unsafe fn unlock(&self) {
        // SAFETY: the caller's promise.
        unsafe { self.0.unlock() }
    }
}
