//! Where a CPU is when it holds nothing, and where it is in user mode.

use super::chains::Chain;

/// The home of a CPU that has never taken a lock. No CPU is ever there.
pub(super) static NOBODY: Home = Home::new();

/// The chains between which a CPU goes to and fro whenever it enters user mode, which is its answer to all that others ask
/// of it. They are never forgotten, and next to each other: whoever knows the one need not look for the other.
pub(crate) struct Home {
    pub(super) empty: Chain,
    pub(super) answer: Chain,
}

impl Home {
    pub(super) const fn new() -> Self {
        Self { empty: Chain::new(), answer: Chain::new() }
    }

    /// The chain of a CPU that holds nothing.
    #[inline(always)]
    pub(crate) fn empty(&'static self) -> &'static Chain {
        &self.empty
    }

    /// The chain of a CPU that is in user mode.
    #[inline(always)]
    pub(crate) fn answer(&'static self) -> &'static Chain {
        &self.answer
    }
}
