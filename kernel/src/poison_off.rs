//! No poison: the same names as in `poison.rs`, and nothing behind them.

use core::sync::atomic::AtomicU32;

use crate::mm::frame::Frame;

/// Nothing to begin.
#[inline]
pub fn init() {}

/// Nothing is filled.
#[inline]
pub fn frame_freed(_frame: Frame) {}

/// Nothing is checked.
#[inline]
pub fn frame_taken(_frame: Frame) {}

/// Nothing is filled.
#[inline]
pub fn slot_freed<'a>(_slot: usize, _remains: impl IntoIterator<Item = &'a AtomicU32>) {}

/// Nothing is checked.
#[inline]
pub fn slot_taken<'a>(_slot: usize, _remains: impl IntoIterator<Item = &'a AtomicU32>) {}
