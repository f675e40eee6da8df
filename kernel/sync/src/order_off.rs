//! No checks: the same names as in `order.rs`, and nothing behind them.
#![allow(clippy::extra_unused_type_parameters, reason = "the same names as in the other file")]

use crate::{Machine, Rank};
use core::fmt;
use core::panic::Location;

pub use crate::gate::Gate;

type Site = &'static Location<'static>;

/// The checker, which this build does not have.
#[derive(Debug)]
pub struct Checker;

impl Checker {
    /// Nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Default for Checker {
    fn default() -> Self {
        Self::new()
    }
}

/// Passes any gate.
#[inline]
pub fn gate<M: Machine>(_gate: Gate) {}

/// Waits for an answer of CPU `cpu`, for as long as `unanswered`.
pub fn await_cpu<M: Machine>(_cpu: usize, unanswered: impl Fn() -> bool) {
    while unanswered() {
        core::hint::spin_loop();
    }
}

/// Nobody checks.
#[inline]
pub fn might_await<M: Machine>() {}

/// Nobody asks.
#[inline]
pub fn entering_user<M: Machine>() {}

/// Nobody asks.
#[inline]
pub fn left_user<M: Machine>() {}

/// Nobody looks.
pub fn watch<M: Machine>() {}

/// Nobody knows what is in the memory.
#[inline]
pub fn freed<M: Machine>(_start: usize, _len: usize) {}

/// Nobody reports, so nobody asks what this CPU was doing.
pub fn stopped<M: Machine>(_stack: impl Iterator<Item = u32>) {}

/// Nobody notes anything, so there is nothing to wait for.
#[must_use]
pub fn is_stopped<M: Machine>(_cpu: usize) -> bool {
    true
}

/// Nobody was asked.
pub fn print_stopped<M: Machine>(_cpu: usize) {}

/// Nobody knows.
pub fn for_each_held<M: Machine>(_look: impl FnMut(usize, &'static str, u16, &'static Location<'static>)) {}

/// How many reports there have been: none are made.
#[must_use]
pub fn reports<M: Machine>() -> u32 {
    0
}

/// Prints nothing: nobody knows who holds what.
pub fn print_held<M: Machine>() {}

/// What a self-test has run.
pub struct Tally {
    /// How many cells.
    pub cells: u32,
}

/// Runs nothing: there is nothing to test.
///
/// # Errors
/// Never.
pub fn selftest<M: Machine>() -> Result<Tally, &'static str> {
    Ok(Tally { cells: 0 })
}

const NOTHING: &str = "nothing was learned: this build does not check the order of locks\n";

/// Says that there is no graph.
#[must_use]
pub fn graph<M: Machine>() -> impl fmt::Display {
    NOTHING
}

/// Says that there is no graph.
#[must_use]
pub fn coverage<M: Machine>() -> impl fmt::Display {
    NOTHING
}

/// Says that there is no graph.
#[must_use]
pub fn suggestion<M: Machine>() -> impl fmt::Display {
    NOTHING
}

/// A lock's class, forgotten.
pub(crate) struct Class;

impl Class {
    pub(crate) const fn new(_rank: Rank, _key: u16) -> Self {
        Self
    }
}

/// Where the CPU that takes a lock notes it: nowhere.
pub(crate) struct Here;

#[inline]
pub(crate) fn before<M: Machine>(_class: &Class, _site: Site) -> Here {
    Here
}
#[inline]
pub(crate) fn before_second<M: Machine>(_class: &Class, _site: Site) -> Here {
    Here
}
#[inline]
pub(crate) fn before_try<M: Machine>(_class: &Class, _site: Site) -> Here {
    Here
}
#[inline]
pub(crate) fn not_free<M: Machine>(_class: &Class, _site: Site) {}
#[inline]
pub(crate) fn might<M: Machine>(_class: &Class, _site: Site) {}
#[inline]
pub(crate) fn wait<M: Machine>(_class: &Class, _site: Site) {}
#[inline]
pub(crate) fn waited<M: Machine>(_class: &Class, _site: Site, _ticks: u32) {}
#[inline]
#[allow(dead_code, reason = "nobody waits for a fine lock in the big-lock build")]
pub(crate) fn waiting<M: Machine>() {}
#[inline]
pub(crate) fn taken<M: Machine>(_here: Here, _class: &Class) {}
#[inline]
pub(crate) fn released<M: Machine>(_class: &Class) -> bool {
    false
}
#[inline]
pub(crate) fn let_go<M: Machine>(_class: &Class) {}
#[inline]
pub(crate) fn held_for<M: Machine>(_class: &Class, _ticks: u32) {}
#[inline]
pub(crate) fn forget<M: Machine>(_class: &Class) {}
#[inline]
pub(crate) fn assert_held<M: Machine>(_class: &Class, _site: Site) {}
#[inline]
pub(crate) fn assert_not_held<M: Machine>(_class: &Class, _site: Site) {}
#[inline]
pub(crate) fn pin<M: Machine>(_class: &Class, _site: Site) {}
#[inline]
pub(crate) fn unpin(_class: &Class) {}
