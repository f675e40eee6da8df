//! The word under a lock: `spin`'s mutex. What a CPU does while it waits is in `raw.rs`.
//!
//! `bit_model.rs` has the same names for the scheduler of `model.rs`, which has to see every access.
#![allow(unsafe_code, reason = "unlocking is a promise of the caller")]

use spin::RelaxStrategy;
use spin::mutex::{SpinMutex, SpinMutexGuard};

/// One lock bit.
pub(crate) struct Bit<R>(SpinMutex<(), R>);

impl<R: RelaxStrategy> Bit<R> {
    pub(crate) const fn new() -> Self {
        Self(SpinMutex::new(()))
    }

    /// Takes the lock if it is free. What the last holder did is seen then.
    pub(crate) fn try_lock(&self) -> bool {
        self.0.try_lock().map(SpinMutexGuard::leak).is_some()
    }

    pub(crate) fn is_locked(&self) -> bool {
        self.0.is_locked()
    }

    /// # Safety
    /// The caller must own the lock, or know that its owner never runs again.
    pub(crate) unsafe fn unlock(&self) {
        // SAFETY: by the contract above nobody goes on to use what the lock protects.
        unsafe { self.0.force_unlock() }
    }
}
