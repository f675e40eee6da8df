//! The calls a CPU is in, in the kernel: who led to the place where it waits.
//!
//! Followed by watching `call` and `ret`. A switch of stacks can leave calls behind that never return, so only the
//! innermost are to be relied on.

use std::array;
use std::sync::atomic::{AtomicU32, Ordering};

/// Calls that are remembered.
const DEPTH: u32 = 16;

/// Calls that are told.
pub(crate) const SHOWN: usize = 4;

/// The remembered calls of one CPU.
pub(crate) struct Stack {
    calls: [AtomicU32; DEPTH as usize],
    /// How many there are, those forgotten included.
    depth: AtomicU32,
}

impl Stack {
    pub(crate) const fn new() -> Self {
        Self { calls: [const { AtomicU32::new(0) }; DEPTH as usize], depth: AtomicU32::new(0) }
    }

    /// The call at `place` is made.
    pub(crate) fn call(&self, place: u32) {
        let depth = self.depth.load(Ordering::Relaxed);
        self.calls[(depth % DEPTH) as usize].store(place, Ordering::Relaxed);
        self.depth.store(depth.wrapping_add(1), Ordering::Relaxed);
    }

    /// The last call returns.
    pub(crate) fn ret(&self) {
        let depth = self.depth.load(Ordering::Relaxed).saturating_sub(1);
        self.calls[(depth % DEPTH) as usize].store(0, Ordering::Relaxed);
        self.depth.store(depth, Ordering::Relaxed);
    }

    /// The innermost calls, innermost first; 0 where there are none.
    pub(crate) fn innermost(&self) -> [u32; SHOWN] {
        let depth = self.depth.load(Ordering::Relaxed);
        array::from_fn(|i| match depth.checked_sub(1 + i as u32) {
            Some(at) => self.calls[(at % DEPTH) as usize].load(Ordering::Relaxed),
            None => 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_calls_are_known() {
        let stack = Stack::new();
        stack.ret();
        (1..=40).for_each(|place| stack.call(place));
        assert_eq!(stack.innermost(), [40, 39, 38, 37]);
        (0..3).for_each(|_| stack.ret());
        stack.call(99);
        assert_eq!(stack.innermost(), [99, 37, 36, 35]);
    }

    #[test]
    fn what_was_forgotten_is_not_made_up() {
        let stack = Stack::new();
        (1..=20).for_each(|place| stack.call(place));
        (0..15).for_each(|_| stack.ret());
        assert_eq!(stack.innermost(), [5, 0, 0, 0]);
    }
}
