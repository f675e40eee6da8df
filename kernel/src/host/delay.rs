//! Time, from the host's clock.

use std::sync::OnceLock;
use std::time::Instant;

/// Nothing: the host's clock is right.
pub fn calibrate() {}

/// Milliseconds since somebody first asked.
pub fn millis() -> u32 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_millis() as u32
}

/// A clock for short times, in microseconds.
pub fn ticks() -> u32 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_micros() as u32
}

/// How many microseconds `ticks` of that clock are.
pub fn ticks_to_micros(ticks: u64) -> u64 {
    ticks
}
