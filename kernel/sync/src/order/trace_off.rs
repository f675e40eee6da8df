//! No stacks are kept: the same names as in `trace.rs`, and nothing behind them.
#![allow(clippy::extra_unused_type_parameters, reason = "the same names as in the other file")]

use crate::Machine;
use core::fmt;

/// A stack, not kept.
pub(crate) struct EdgeStack;

impl EdgeStack {
    pub(crate) const fn new() -> Self {
        Self
    }

    pub(crate) fn save<M: Machine>(&self) {}

    pub(crate) fn write<M: Machine>(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}
