//! How often each class was wanted with each other held.

use crate::Rank;
use crate::atomic::AtomicU32;
use crate::rank::Set;
use core::sync::atomic::Ordering::Relaxed;

/// A number for each two classes, the one that was held first. One CPU writes.
pub(crate) struct Counts([[AtomicU32; Rank::COUNT]; Rank::COUNT]);

impl Counts {
    pub(crate) const fn new() -> Self {
        Self([const { [const { AtomicU32::new(0) }; Rank::COUNT] }; Rank::COUNT])
    }

    pub(crate) fn reset(&self) {
        self.0.as_flattened().iter().for_each(|count| count.store(0, Relaxed));
    }

    /// Class `inner` was wanted `times` more with those of `outer` held.
    pub(crate) fn add(&self, outer: Set, inner: Rank, times: u32) {
        for rank in Rank::ALL.into_iter().filter(|&rank| outer & 1 << rank as u32 != 0) {
            let count = &self.0[rank as usize][inner as usize];
            count.store(count.load(Relaxed).wrapping_add(times), Relaxed);
        }
    }

    pub(crate) fn get(&self, outer: Rank, inner: Rank) -> u32 {
        self.0[outer as usize][inner as usize].load(Relaxed)
    }
}
