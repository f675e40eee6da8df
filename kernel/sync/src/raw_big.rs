//! What is inside a `SpinLock` in the big-lock build: a flag that nobody has to wait for.
//!
//! Only the CPU that holds the big lock comes here, so a plain load and store will do: no locked
//! instruction, no loop. The flag is not there for other CPUs but for this one: it keeps a second
//! guard of the same lock from being made, which would be two `&mut` to the same data.
#![allow(unsafe_code, reason = "the same signature as in raw.rs")]

use crate::Machine;
use crate::atomic::AtomicBool;
use core::marker::PhantomData;
use core::sync::atomic::Ordering::Relaxed;

/// The flag inside a `SpinLock`.
pub(crate) struct Inside<M> {
    taken: AtomicBool,
    machine: PhantomData<fn() -> M>,
}

impl<M: Machine> Inside<M> {
    pub(crate) const fn new() -> Self {
        Self { taken: AtomicBool::new(false), machine: PhantomData }
    }

    pub(crate) fn try_lock(&self) -> bool {
        // Relaxed: the big lock orders everything done under it.
        let free = !self.taken.load(Relaxed);
        if free {
            self.taken.store(true, Relaxed);
        }
        free
    }

    /// Comes after a failed `try_lock`: under the big lock, waiting can't help.
    #[cold]
    #[inline(never)]
    #[track_caller]
    pub(crate) fn lock(&self) {
        panic!("a lock is taken twice under the big lock");
    }

    pub(crate) fn is_locked(&self) -> bool {
        self.taken.load(Relaxed)
    }

    /// # Safety
    /// The caller must own the lock, or know that its owner never runs again.
    pub(crate) unsafe fn unlock(&self) {
        self.taken.store(false, Relaxed);
    }
}
