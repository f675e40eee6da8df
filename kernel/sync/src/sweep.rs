//! Leaves one acquisition of a lock out, to see whether a test notices.
//!
//! For `scripts/jos mutants --sweep locks` alone, with feature `sweep`; otherwise `sweep_off.rs` has the same names. The
//! guard that is handed out for that place neither waits nor excludes anybody, and the checker is told nothing of it, as if
//! nobody had thought of the lock.

use core::panic::Location;
use core::sync::atomic::AtomicU32;
use core::sync::atomic::Ordering::Relaxed;

/// The place left out, as a number; 0 for none.
static PLACE: AtomicU32 = AtomicU32::new(0);
/// How often it was.
static TIMES: AtomicU32 = AtomicU32::new(0);

/// Leaves out what is taken at this place from now on.
pub fn leave_out(file: &str, line: u32) {
    PLACE.store(number(file, line), Relaxed);
}

/// How often something was left out.
pub fn times() -> u32 {
    TIMES.load(Relaxed)
}

/// Whether a guard stands for a lock that was left out.
#[derive(Clone, Copy)]
pub(crate) struct LeftOut(bool);

impl LeftOut {
    /// For a lock that was taken.
    pub(crate) const NO: Self = Self(false);

    /// For a lock that is about to be taken at `site`.
    pub(crate) fn at(site: &Location<'_>) -> Self {
        let place = PLACE.load(Relaxed);
        let left_out = place != 0 && place == number(site.file(), site.line());
        if left_out {
            TIMES.fetch_add(1, Relaxed);
        }
        Self(left_out)
    }

    /// Whether it was left out.
    pub(crate) fn is_so(self) -> bool {
        self.0
    }
}

/// FNV-1a, and never 0.
fn number(file: &str, line: u32) -> u32 {
    let mix = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    file.bytes().chain(line.to_le_bytes()).fold(0x811c_9dc5, mix).max(1)
}
