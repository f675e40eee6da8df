//! No big lock: the same names as in `big.rs`, and nothing behind them.

use crate::Machine;
use core::marker::PhantomData;

/// Whether all kernel code runs under the big lock.
pub const IS_ON: bool = false;

/// The big lock, which this build does not have.
#[derive(Debug)]
pub struct BigLock;

impl BigLock {
    /// Nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Default for BigLock {
    fn default() -> Self {
        Self::new()
    }
}

/// The permission to run kernel code, which everybody has in this build.
#[must_use]
pub struct Guard<M: Machine> {
    not_send: PhantomData<*mut M>,
}

/// Costs nothing and waits for nobody.
pub fn enter<M: Machine>() -> Guard<M> {
    Guard { not_send: PhantomData }
}

impl<M: Machine> Guard<M> {
    /// Runs `f`.
    pub fn unlocked<R>(&mut self, f: impl FnOnce() -> R) -> R {
        f()
    }
}

/// Nothing to pass on.
#[allow(dead_code, reason = "only builds with checks have that test")]
pub(crate) fn pass_here<M: Machine>() {}

/// Nothing to give away.
#[allow(dead_code, reason = "only builds with checks have that test")]
pub(crate) fn pass_away<M: Machine>() -> bool {
    !is_held::<M>()
}

/// Nobody waits for it.
#[inline]
pub const fn assert_let_go<M: Machine>() {}

/// Whether fine locks may be taken now: always, in this build.
#[must_use]
pub const fn is_held<M: Machine>() -> bool {
    true
}
