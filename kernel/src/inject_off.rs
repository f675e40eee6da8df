//! No fault injection: the same names as in `inject.rs`, and nothing behind them.

/// What can run out.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Frames.
    Frame,
    /// Env slots.
    Slot,
    /// Counts of references: a fault to be found, so that it is seen that it is.
    Count,
}

/// Nothing to read.
#[inline]
pub fn init() {}

/// Nothing fails.
#[inline]
pub fn fails(_kind: Kind) -> bool {
    false
}

/// Nothing has failed.
#[inline]
pub fn report() {}
