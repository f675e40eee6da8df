//! The raw lock as a queue of tickets: first come, first served.
//!
//! Fair, and for that reason worse than `raw.rs` under QEMU: see there. Selected by feature
//! `ticket`, to be measured against it.
#![allow(unsafe_code, reason = "unlocking is a promise of the caller")]

use spin::RelaxStrategy;
use spin::mutex::{TicketMutex, TicketMutexGuard};

/// Two counters, next ticket and now serving. `R` is what a CPU does in each turn of its wait.
pub(crate) struct Raw<R>(TicketMutex<(), R>);

impl<R: RelaxStrategy> Raw<R> {
    pub(crate) const fn new() -> Self {
        Self(TicketMutex::new(()))
    }

    pub(crate) fn try_lock(&self) -> bool {
        self.0.try_lock().map(TicketMutexGuard::leak).is_some()
    }

    /// Takes the lock, however long that takes. Kept out of line: callers try once themselves.
    #[cold]
    #[inline(never)]
    pub(crate) fn lock(&self) {
        TicketMutexGuard::leak(self.0.lock());
    }

    #[allow(dead_code, reason = "nobody asks the big lock")]
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
