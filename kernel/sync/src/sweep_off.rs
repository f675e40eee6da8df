//! What `sweep.rs` has, for builds that take every lock they are told to take.

use core::panic::Location;

use crate::Rank;

/// See `sweep.rs`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Which {
    /// All but the second of a pair.
    All,
    /// Those of a class.
    Class(Rank),
    /// The second of a pair.
    Second,
}

/// Does nothing.
pub fn leave_out(_: &str, _: u32, _: Which) {}

/// Never.
pub fn times() -> u32 {
    0
}

/// A lock that was taken.
#[derive(Clone, Copy)]
pub(crate) struct LeftOut;

impl LeftOut {
    /// See `sweep.rs`.
    pub(crate) const NO: Self = Self;

    /// No.
    #[inline(always)]
    pub(crate) fn is_so(self) -> bool {
        false
    }
}

/// Nothing: see `sweep.rs`.
pub(crate) struct InLock;

impl InLock {
    pub(crate) const fn new(_: Rank) -> Self {
        Self
    }

    /// It is taken.
    #[inline(always)]
    pub(crate) fn at(&self, _: &Location<'_>) -> LeftOut {
        LeftOut
    }

    /// It is taken.
    #[inline(always)]
    pub(crate) fn second_at(&self, _: &Location<'_>) -> LeftOut {
        LeftOut
    }

    pub(crate) fn intrude(&self) {}

    pub(crate) fn dawdle(&self, _: impl Fn() -> bool) {}

    pub(crate) fn leave(&self, _: bool) {}

    #[inline(always)]
    pub(crate) fn taken(&self) {}
}
