//! Whoever tries a lock again and again, with the same locks held, waits for it and tells nobody.
//!
//! To try a lock never closes a circle, so any order is right. To try it until it is free can. One who tries, lets go of what
//! is held and begins again does not wait with it, and is left alone; so is one who gives up after some tries.

use super::chains::Chain;
use crate::atomic::{AtomicU32, AtomicUsize};
use core::ptr;
use core::sync::atomic::Ordering::Relaxed;

/// After how many failures one after the other a CPU counts as waiting.
const A_WAIT: u32 = 64;

/// What a CPU has tried in vain. Only it uses this.
pub(crate) struct Tries {
    /// The lock; 0 for none.
    address: AtomicUsize,
    /// What was held: which chain, and how often its last lock had been wanted.
    held: AtomicUsize,
    times: AtomicU32,
    /// How often in a row.
    failures: AtomicU32,
}

impl Tries {
    pub(crate) const fn new() -> Self {
        Self {
            address: AtomicUsize::new(0),
            held: AtomicUsize::new(0),
            times: AtomicU32::new(0),
            failures: AtomicU32::new(0),
        }
    }

    /// The lock at `address` is tried: with another one, what was before is over.
    pub(crate) fn begin(&self, address: usize) {
        if self.address.load(Relaxed) != address {
            self.address.store(address, Relaxed);
            self.failures.store(0, Relaxed);
        }
    }

    /// It was not free. Says whether this is a wait by now.
    pub(crate) fn fail(&self, held: &Chain) -> bool {
        let now = (ptr::from_ref(held).addr(), held.count.load(Relaxed));
        if now != (self.held.load(Relaxed), self.times.load(Relaxed)) {
            self.held.store(now.0, Relaxed);
            self.times.store(now.1, Relaxed);
            self.failures.store(0, Relaxed);
        }
        let failures = self.failures.load(Relaxed).saturating_add(1);
        self.failures.store(failures, Relaxed);
        failures >= A_WAIT
    }
}
