//! No statistics: the same names as in `stats.rs`, and nothing behind them.
#![allow(clippy::extra_unused_type_parameters, reason = "the same names as in the other file")]

use crate::{Machine, Rank};
use core::fmt;
use core::panic::Location;

/// The statistics, which this build does not have.
#[derive(Debug, Default)]
pub struct Stats;

impl Stats {
    /// Nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

/// What is kept in each lock: nothing.
pub(crate) struct InLock;

impl InLock {
    pub(crate) const fn new(_rank: Rank) -> Self {
        Self
    }
}

#[inline]
pub(crate) fn now<M: Machine>() -> u32 {
    0
}
#[inline]
pub(crate) fn waited<M: Machine>(_lock: &InLock, _place: &'static Location<'static>, _since: u32) -> u32 {
    0
}
#[inline]
pub(crate) fn taken<M: Machine>(_lock: &InLock) {}
#[inline]
pub(crate) fn released<M: Machine>(_lock: &InLock) -> u32 {
    0
}

/// Says that there is no table.
#[must_use]
pub fn table<M: Machine>() -> impl fmt::Display {
    "no statistics in this build: build the kernel with feature lock-stats or lock-full\n"
}
