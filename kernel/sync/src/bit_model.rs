//! The word under a lock, as the scheduler of `model.rs` sees it: the same names as in `bit.rs`.
#![allow(unsafe_code, reason = "unlocking is a promise of the caller")]

use core::marker::PhantomData;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::atomic::AtomicBool;

/// One lock bit.
pub(crate) struct Bit<R> {
    taken: AtomicBool,
    relax: PhantomData<fn() -> R>,
}

impl<R> Bit<R> {
    pub(crate) const fn new() -> Self {
        Self { taken: AtomicBool::new(false), relax: PhantomData }
    }

    pub(crate) fn try_lock(&self) -> bool {
        self.taken.compare_exchange(false, true, Acquire, Relaxed).is_ok()
    }

    pub(crate) fn is_locked(&self) -> bool {
        self.taken.load(Relaxed)
    }

    /// # Safety
    /// The caller must own the lock, or know that its owner never runs again.
    pub(crate) unsafe fn unlock(&self) {
        self.taken.store(false, Release);
    }
}
