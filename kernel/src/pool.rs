//! A pool of numbers: frames, or env slots.
//!
//! A global last-in-first-out list with a small last-in-first-out cache per CPU in front of it. With one CPU
//! the order is exactly that of one list, which JOS's graders can see in env ids: a full cache spills its
//! oldest half, an empty one refills from the top.
//!
//! What has a number has a record, and the records of some numbers next to each other share a cache line: a group. A cache
//! takes and spills whole groups where they come in one piece, so that CPUs which have nothing to do with each other mostly
//! write no line together.
//!
//! Locks: the cache's, then the global list's. Another CPU's cache is locked only with nothing held, when
//! everything else is empty, so `None` means that every place was empty when looked at.

use crossbeam_utils::CachePadded;
use sync::Rank;

use crate::config::NCPU;
use crate::cpu::{self, SpinLock};
use crate::point::Point;
use crate::window;

/// A pool of up to `N` numbers with per-CPU caches of up to `CACHE`. A refill moves `BATCH`, and what is left of the last
/// group of `GROUP`.
pub struct Pool<const N: usize, const CACHE: usize, const BATCH: usize, const GROUP: usize> {
    caches: [CachePadded<SpinLock<Stack<CACHE>>>; NCPU],
    global: SpinLock<Stack<N>>,
}

struct Stack<const N: usize> {
    items: [u16; N],
    len: usize,
}

impl<const N: usize, const CACHE: usize, const BATCH: usize, const GROUP: usize> Pool<N, CACHE, BATCH, GROUP> {
    /// An empty pool whose locks have the given ranks.
    pub const fn new(cache: Rank, global: Rank) -> Self {
        const { assert!(BATCH > 0 && BATCH + GROUP - 1 <= CACHE, "a refill fits, with the rest of a group") };
        const { assert!(GROUP <= CACHE / 2, "a full cache can spill something without splitting a group") };
        let mut caches = [const { CachePadded::new(SpinLock::new(Rank::FrameCache, 0, Stack::new())) }; NCPU];
        let mut cpu = 0;
        while cpu < NCPU {
            caches[cpu] = CachePadded::new(SpinLock::new(cache, cpu as u16, Stack::new()));
            cpu += 1;
        }
        Self { caches, global: SpinLock::new(global, 0, Stack::new()) }
    }

    /// Adds numbers to the global list, the last one to be handed out first. For boot.
    pub fn fill(&self, numbers: impl Iterator<Item = u16>) {
        let mut global = self.global.lock();
        numbers.for_each(|number| global.push(number));
    }

    /// Takes a number out of the pool.
    #[track_caller]
    pub fn take(&self) -> Option<u16> {
        let mine = cpu::index();
        self.take_near(mine).or_else(|| self.take_far(mine))
    }

    /// Puts a number back.
    #[track_caller]
    pub fn give(&self, number: u16) {
        // Lock order: cache -> global list.
        let mut cache = self.caches[cpu::index()].lock();
        self.global.might_lock();
        if cache.len == CACHE {
            let mut global = self.global.lock();
            let spilled = Self::between_groups(&cache.items, CACHE / 2);
            cache.items[..spilled].iter().for_each(|&old| global.push(old));
            drop(global);
            cache.items.copy_within(spilled.., 0);
            cache.len -= spilled;
        }
        cache.push(number);
    }

    /// States that a number may be taken or given back here, though perhaps not this time.
    #[track_caller]
    pub fn might_use(&self) {
        self.caches[cpu::index()].might_lock();
    }

    /// How many numbers are in the pool. Exact only while nobody takes or gives.
    pub fn available(&self) -> usize {
        let cached: usize = self.caches.iter().map(|cache| cache.lock().len).sum();
        cached + self.global.lock().len
    }

    /// Calls `look` with each number in the pool, for audits. Says whether none of its locks was taken: what is under one
    /// that is, is left out.
    pub fn for_each(&self, mut look: impl FnMut(usize)) -> bool {
        let mut complete = true;
        for cache in &self.caches {
            match cache.try_lock() {
                Some(cache) => cache.items[..cache.len].iter().for_each(|&number| look(usize::from(number))),
                None => complete = false,
            }
        }
        match self.global.try_lock() {
            Some(global) => global.items[..global.len].iter().rev().for_each(|&number| look(usize::from(number))),
            None => complete = false,
        }
        complete
    }

    #[track_caller]
    fn take_near(&self, mine: usize) -> Option<u16> {
        // Lock order: cache -> global list.
        let mut cache = self.caches[mine].lock();
        self.global.might_lock();
        if cache.len == 0 {
            let mut global = self.global.lock();
            let from = Self::between_groups(&global.items, global.len.saturating_sub(BATCH));
            let moved = global.len - from;
            cache.items[..moved].copy_from_slice(&global.items[from..from + moved]);
            cache.len = moved;
            global.len = from;
        }
        cache.pop()
    }

    /// Where `items` can be cut in two without splitting a group: at `at`, or less than `GROUP` before it.
    fn between_groups(items: &[u16], at: usize) -> usize {
        let group = |at: usize| usize::from(items[at]) / GROUP;
        let last = at.saturating_sub(GROUP - 1);
        (last..=at).rev().find(|&at| at == 0 || group(at - 1) != group(at)).unwrap_or(at)
    }

    /// The last resort: everything the other CPUs keep.
    #[track_caller]
    fn take_far(&self, mine: usize) -> Option<u16> {
        window::at(Point::TakeFar);
        let mut others = (0..NCPU).filter(|&other| other != mine);
        others.find_map(|other| self.caches[other].lock().pop()).or_else(|| self.take_near(mine))
    }
}

impl<const N: usize> Stack<N> {
    const fn new() -> Self {
        Self { items: [0; N], len: 0 }
    }

    fn push(&mut self, number: u16) {
        self.items[self.len] = number;
        self.len += 1;
    }

    fn pop(&mut self) -> Option<u16> {
        self.len = self.len.checked_sub(1)?;
        Some(self.items[self.len])
    }
}
