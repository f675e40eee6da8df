//! The raw lock: test-and-test-and-set with back-off.
//!
//! Look first and write only when the lock looks free, so that waiting CPUs share the cache line
//! instead of pulling it to and fro, and wait longer each time. There is no queue. A queue collapses
//! when there are more virtual CPUs than real ones: the next in line may not be running, and
//! everybody waits for it. `model.rs` tries this under a scheduler that interleaves at will.
#![allow(unsafe_code, reason = "unlocking is a promise of the caller")]

use crate::atomic::AtomicBool;
use core::marker::PhantomData;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use crossbeam_utils::Backoff;
use spin::RelaxStrategy;

/// One lock bit. `R` is what a CPU does in each turn of its wait.
pub(crate) struct Raw<R> {
    taken: AtomicBool,
    relax: PhantomData<fn() -> R>,
}

impl<R: RelaxStrategy> Raw<R> {
    pub(crate) const fn new() -> Self {
        Self { taken: AtomicBool::new(false), relax: PhantomData }
    }

    pub(crate) fn try_lock(&self) -> bool {
        // Acquire: what the last holder did is seen (pairs with `unlock`).
        self.taken.compare_exchange(false, true, Acquire, Relaxed).is_ok()
    }

    /// Takes the lock, however long that takes. Kept out of line: callers try once themselves.
    #[cold]
    #[inline(never)]
    pub(crate) fn lock(&self) {
        let backoff = Backoff::new();
        while !self.try_lock() {
            while self.is_locked() {
                R::relax();
                // Executes `pause`, by which QEMU lets the host run the virtual CPU waited for.
                backoff.spin();
            }
        }
    }

    pub(crate) fn is_locked(&self) -> bool {
        self.taken.load(Relaxed)
    }

    /// # Safety
    /// The caller must own the lock, or know that its owner never runs again.
    pub(crate) unsafe fn unlock(&self) {
        // Release: what this holder did happens before the next one's part.
        self.taken.store(false, Release);
    }
}
