//! What one CPU has done before: which class was wanted while which were held, and how often.
//!
//! The rules about classes depend on nothing else. So a chain that broke no rule once never will, and the second time one
//! look into this table is all the checking there is. A table belongs to one CPU, which writes it without a lock or a
//! locked instruction; others read the counts for the picture.

use crate::Rank;
use crate::atomic::AtomicU32;
use crate::rank::Set;
use core::sync::atomic::Ordering::Relaxed;

/// More than the chains a kernel has. When it is full, further chains are checked every time.
const ROOM: usize = 64;
/// How far from its place a chain may be.
const PROBES: usize = 8;

const _: () = assert!(Rank::COUNT + 8 <= u32::BITS as usize, "a chain must fit into a word");

/// The chains of one CPU.
pub(crate) struct Chains([Chain; ROOM]);

struct Chain {
    /// The classes held, shifted, and the class wanted plus one; 0 for an empty place.
    key: AtomicU32,
    count: AtomicU32,
}

impl Chains {
    pub(crate) const fn new() -> Self {
        Self([const { Chain { key: AtomicU32::new(0), count: AtomicU32::new(0) } }; ROOM])
    }

    /// Counts the chain if it is known; `false` if it is not.
    #[inline(always)]
    pub(crate) fn count(&self, held: Set, wanted: Rank) -> bool {
        let key = key(held, wanted);
        // Nearly all are in their own place.
        self.0[place(key)].count_if(key) || self.count_further(key)
    }

    #[inline(never)]
    fn count_further(&self, key: u32) -> bool {
        self.places(key).any(|chain| chain.count_if(key))
    }

    /// Adds a chain that breaks no rule, or counts it.
    pub(crate) fn learn(&self, held: Set, wanted: Rank) {
        if !self.count(held, wanted) {
            let key = key(held, wanted);
            if let Some(chain) = self.places(key).find(|chain| chain.key.load(Relaxed) == 0) {
                chain.count.store(1, Relaxed);
                chain.key.store(key, Relaxed);
            }
        }
    }

    /// How often `inner` was wanted while `outer` was held.
    pub(crate) fn times(&self, outer: Rank, inner: Rank) -> u32 {
        let is_meant = |key: u32| key & 0xff == inner as u32 + 1 && key >> 8 & 1 << outer as u32 != 0;
        self.0.iter().filter(|chain| is_meant(chain.key.load(Relaxed))).map(|chain| chain.count.load(Relaxed)).sum()
    }

    pub(crate) fn reset(&self) {
        self.0.iter().for_each(|chain| chain.key.store(0, Relaxed));
    }

    fn places(&self, key: u32) -> impl Iterator<Item = &Chain> {
        let start = place(key);
        (start..start + PROBES).map(|place| &self.0[place % ROOM])
    }
}

impl Chain {
    /// Counts the chain if this is it.
    #[inline(always)]
    fn count_if(&self, key: u32) -> bool {
        let is_it = self.key.load(Relaxed) == key;
        if is_it {
            self.count.store(self.count.load(Relaxed).wrapping_add(1), Relaxed);
        }
        is_it
    }
}

/// Where a chain should be. Fibonacci hashing: the upper bits of the product depend on all bits of the key.
#[inline(always)]
const fn place(key: u32) -> usize {
    (key.wrapping_mul(0x9e37_79b9) >> (u32::BITS - ROOM.ilog2())) as usize
}

#[inline(always)]
const fn key(held: Set, wanted: Rank) -> u32 {
    held << 8 | (wanted as u32 + 1)
}
