//! Whether a CPU may have a stale translation: generations of address spaces.
//!
//! Each mapping that goes or changes begins a new generation of its space. A CPU that loads the space has that of before the
//! load; dropping one translation moves it on by one. What it has not seen must be on its list of things to do
//! (`presence`: FLUSH), or nobody will ever tell it.

use abi::NENV;

use crate::atomic::{AtomicU32, Ordering};
use crate::config::NCPU;
use crate::cpu;

/// The present generation of each slot's space.
static GENERATION: [AtomicU32; NENV] = [const { AtomicU32::new(0) }; NENV];
/// The generation that each CPU has seen, of the space that it has loaded.
static SEEN: [AtomicU32; NCPU] = [const { AtomicU32::new(0) }; NCPU];

/// A mapping of `slot`'s space has gone or changed. Before any CPU is told, and who has seen this has seen that.
pub fn changed(slot: usize) {
    GENERATION[slot].fetch_add(1, Ordering::Release);
}

/// This CPU, on which the env is, drops the translation that was changed last.
pub fn dropped(_slot: usize) {
    SEEN[cpu::index()].fetch_add(1, Ordering::Relaxed);
}

/// This CPU is about to load `slot`'s space, and with it all of its translations anew.
pub fn loading(slot: usize) {
    SEEN[cpu::index()].store(GENERATION[slot].load(Ordering::Acquire), Ordering::Relaxed);
}

/// The generation that CPU `cpu` has seen, if that is not the present one of `slot`'s space, which it has loaded; and that.
/// With that CPU stopped.
pub(super) fn stale(cpu: usize, slot: usize) -> Option<(u32, u32)> {
    let (seen, present) = (SEEN[cpu].load(Ordering::Relaxed), GENERATION[slot].load(Ordering::Relaxed));
    (seen != present).then_some((seen, present))
}
