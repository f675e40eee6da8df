//! Turns: what one CPU does at a time, while others that want to do it go on, or halt.

use crate::atomic::AtomicBool;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// Whether somebody has the turn. Not a lock: nobody waits here, no order is declared, and it protects no data of its own.
pub struct Turn(AtomicBool);

impl Turn {
    /// Nobody has it.
    pub const fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// Takes the turn, unless another CPU has it. What the last one did in its turn is seen then.
    pub fn take(&self) -> bool {
        self.0.compare_exchange(false, true, Acquire, Relaxed).is_ok()
    }

    /// Ends this CPU's turn.
    pub fn end(&self) {
        self.0.store(false, Release);
    }

    /// Whether somebody has the turn, at the moment.
    pub fn is_taken(&self) -> bool {
        self.0.load(Relaxed)
    }
}

impl Default for Turn {
    fn default() -> Self {
        Self::new()
    }
}
