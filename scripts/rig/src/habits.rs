//! Which writing instructions of a CPU touch lines that nobody else uses.
//!
//! To keep those in order of time would be a change of turns for each, and change nothing. An instruction is believed
//! to do what it did the last time this CPU executed it; where that is wrong, one instruction is too early by a quantum
//! at most. `turn::disorder` counts those.

use std::sync::atomic::{AtomicU64, Ordering};

/// Instructions remembered for a CPU.
const PLACES: usize = 1024;

/// By a hash of the instruction's address: the address, and whether its line was shared.
pub(crate) struct Habits([AtomicU64; PLACES]);

impl Habits {
    pub(crate) const fn new() -> Self {
        Self([const { AtomicU64::new(0) }; PLACES])
    }

    /// Whether the instruction at `place` touched a line that others use the last time, if that is known.
    pub(crate) fn is_shared(&self, place: u32) -> Option<bool> {
        let entry = self.entry(place).load(Ordering::Relaxed);
        (entry >> 1 == u64::from(place)).then_some(entry & 1 != 0)
    }

    /// The instruction at `place` has touched a line that others use (`shared`) or not.
    pub(crate) fn note(&self, place: u32, shared: bool) {
        self.entry(place).store(u64::from(place) << 1 | u64::from(shared), Ordering::Relaxed);
    }

    fn entry(&self, place: u32) -> &AtomicU64 {
        &self.0[(place ^ place >> 10) as usize % PLACES]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_time_counts() {
        let habits = Habits::new();
        assert_eq!(habits.is_shared(0xf010_0000), None);
        habits.note(0xf010_0000, false);
        assert_eq!(habits.is_shared(0xf010_0000), Some(false));
        assert_eq!(habits.is_shared(0xf010_0002), None);
        habits.note(0xf010_0000, true);
        assert_eq!(habits.is_shared(0xf010_0000), Some(true));
    }
}
