//! Turns: what one CPU does at a time, while others that want to do it go on, or halt.

use crate::atomic::{AtomicBool, Ordering};

/// Whether somebody has the turn.
pub(crate) struct Turn(AtomicBool);

impl Turn {
    /// Nobody has it.
    pub(crate) const fn new() -> Turn {
        Turn(AtomicBool::new(false))
    }

    /// Takes the turn, unless another CPU has it. What the last one did in its turn is seen then.
    pub(crate) fn take(&self) -> bool {
        self.0.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Ends this CPU's turn.
    pub(crate) fn end(&self) {
        self.0.store(false, Ordering::Release);
    }

    /// Whether somebody has the turn, at the moment.
    pub(crate) fn is_taken(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
