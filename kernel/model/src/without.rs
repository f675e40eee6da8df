//! Does without one thing that the kernel does, to see whether a model notices: an access is relaxed, or a lock not taken.
//!
//! For `scripts/jos mutants --sweep` alone, which names the place in the environment; one build does for all.

use std::cell::Cell;
use std::panic::Location;
use std::sync::LazyLock;

/// A place, as `FILE:LINE` below `kernel`; whether `:Second` is behind it, for the second lock of a pair.
type Place = Option<(String, u32, bool)>;

static RELAXED: LazyLock<Place> = LazyLock::new(|| named_by("JOS_RELAX"));
static LEFT_OUT: LazyLock<Place> = LazyLock::new(|| named_by("JOS_LEAVE_OUT"));

std::thread_local! {
    /// How often it was come to, in this test: threads of the checker share one real thread.
    static TIMES: Cell<u32> = const { Cell::new(0) };
    static OFF: Cell<bool> = const { Cell::new(false) };
}

fn named_by(variable: &str) -> Place {
    let place = std::env::var(variable).ok()?;
    let place = place.strip_prefix("kernel/")?;
    let first = place.strip_suffix(":Second");
    let (file, line) = first.unwrap_or(place).rsplit_once(':')?;
    Some((file.to_owned(), line.parse().ok()?, first.is_some()))
}

/// Whether the access at `site` is to be relaxed.
pub(crate) fn order(site: &Location<'_>) -> bool {
    at(&RELAXED, site, false)
}

/// Whether the lock that is taken at `site`, perhaps as the second of a pair, is to be left out.
pub(crate) fn lock(site: &Location<'_>, second: bool) -> bool {
    at(&LEFT_OUT, site, second)
}

fn at(place: &Place, site: &Location<'_>, as_second: bool) -> bool {
    let Some((file, line, second)) = place else { return false };
    if OFF.get() {
        return false;
    }
    // The kernel's files are included from here: `kernel/model/src/../../src/idle.rs`.
    let here = as_second == *second && site.line() == *line && site.file().rsplit("../").next() == Some(file);
    if here {
        TIMES.set(TIMES.get() + 1);
    }
    here
}

/// Does what is no part of the test, with nothing left out.
pub(crate) fn nothing<R>(work: impl FnOnce() -> R) -> R {
    OFF.set(true);
    let result = work();
    OFF.set(false);
    result
}

/// Says whether the place was come to, for the sweep to read.
pub(crate) fn tell() {
    if TIMES.get() != 0 {
        println!("left out: {} times", TIMES.get());
    }
}
