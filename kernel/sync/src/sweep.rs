//! Leaves one acquisition of a lock out, to see whether a test notices.
//!
//! For `scripts/jos mutants --sweep locks` alone, with feature `sweep`; otherwise `sweep_off.rs` has the same names. The
//! guard that is handed out for that place neither waits nor excludes anybody, and the checker is told nothing of it, as if
//! nobody had thought of the lock.
//!
//! Two threads that play CPUs seldom meet in a few instructions, so the one without the lock dawdles there; and if another
//! one is in such a section meanwhile, that is a panic, whatever comes of it.
extern crate std;

use core::panic::Location;
use core::sync::atomic::AtomicU32;
use core::sync::atomic::Ordering::{Relaxed, SeqCst};
use core::time::Duration;
use std::thread;

use crate::Rank;

/// The place left out, as a number; 0 for none.
static PLACE: AtomicU32 = AtomicU32::new(0);
/// What of it is left out.
static WHICH: AtomicU32 = AtomicU32::new(Which::ALL);
/// How often it was.
static TIMES: AtomicU32 = AtomicU32::new(0);

/// For how many of the first times others get more than a turn, and how long that is.
const SLOWLY: u32 = 500;
const WHILE: Duration = Duration::from_micros(50);
const TURNS: u32 = 3;

/// Which locks of those that are taken at a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Which {
    /// All but the second of a pair.
    All,
    /// Those of a class.
    Class(Rank),
    /// The second of a pair.
    Second,
}

impl Which {
    const ALL: u32 = Self::All.number();

    const fn number(self) -> u32 {
        match self {
            Self::Class(rank) => rank as u32,
            Self::All => u32::MAX,
            Self::Second => u32::MAX - 1,
        }
    }
}

/// Leaves out what is taken at this place from now on.
pub fn leave_out(file: &str, line: u32, which: Which) {
    WHICH.store(which.number(), Relaxed);
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

    /// Whether it was left out.
    pub(crate) fn is_so(self) -> bool {
        self.0
    }
}

/// What a lock knows of those who are in a section of it without having it.
pub(crate) struct InLock {
    rank: Rank,
    intruders: AtomicU32,
}

impl InLock {
    pub(crate) const fn new(rank: Rank) -> Self {
        Self { rank, intruders: AtomicU32::new(0) }
    }

    /// Whether this lock is to be taken at `site`, or left out.
    pub(crate) fn at(&self, site: &Location<'_>) -> LeftOut {
        Self::is_named(site, &[Which::All, Which::Class(self.rank)])
    }

    /// The same for the second of a pair.
    pub(crate) fn second_at(&self, site: &Location<'_>) -> LeftOut {
        Self::is_named(site, &[Which::Second])
    }

    fn is_named(site: &Location<'_>, as_one_of: &[Which]) -> LeftOut {
        let (place, which) = (PLACE.load(Relaxed), WHICH.load(Relaxed));
        let left_out = place != 0
            && as_one_of.iter().any(|one| one.number() == which)
            && place == number(site.file(), site.line());
        if left_out {
            TIMES.fetch_add(1, Relaxed);
        }
        LeftOut(left_out)
    }

    /// Somebody begins a section without the lock.
    pub(crate) fn intrude(&self) {
        self.intruders.fetch_add(1, SeqCst);
    }

    /// Dawdles in such a section, and looks whether others come in.
    pub(crate) fn dawdle(&self, is_locked: impl Fn() -> bool) {
        for _ in 0..TURNS {
            self.look(1, is_locked());
            thread::yield_now();
        }
        if TIMES.load(Relaxed) < SLOWLY {
            thread::sleep(WHILE);
        }
        self.look(1, is_locked());
    }

    /// Such a section ends.
    pub(crate) fn leave(&self, is_locked: bool) {
        self.look(1, is_locked);
        self.intruders.fetch_sub(1, SeqCst);
    }

    /// Somebody has taken the lock.
    pub(crate) fn taken(&self) {
        self.look(0, false);
    }

    fn look(&self, allowed: u32, is_locked: bool) {
        let met = self.intruders.load(SeqCst) > allowed || is_locked;
        // One panic is enough, and two would be the end of the process.
        assert!(!met || thread::panicking(), "two CPUs are in a section of one lock: {}", self.rank.name());
    }
}

/// FNV-1a, and never 0.
fn number(file: &str, line: u32) -> u32 {
    let mix = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    file.bytes().chain(line.to_le_bytes()).fold(0x811c_9dc5, mix).max(1)
}
