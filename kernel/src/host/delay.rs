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
