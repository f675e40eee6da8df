//! Which CPUs have started.

use crate::atomic::{AtomicBool, Ordering};
use crate::config::NCPU;

static ONLINE: [AtomicBool; NCPU] = [const { AtomicBool::new(false) }; NCPU];

/// Says that CPU `index`, the caller, has started. What it wrote before is seen by whoever sees it online.
pub fn online(index: usize) {
    ONLINE[index].store(true, Ordering::Release);
}

/// Takes [`online`] back, for tests.
#[cfg(test)]
pub(crate) fn offline(index: usize) {
    ONLINE[index].store(false, Ordering::Relaxed);
}

/// Whether CPU `index` has started. One that was found need not be.
pub fn is_online(index: usize) -> bool {
    ONLINE[index].load(Ordering::Acquire)
}
