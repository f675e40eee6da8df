//! Does without one thing that the kernel does, to see whether a model notices: an access is relaxed, or a lock not taken.
//!
//! For `scripts/jos mutants --sweep` alone, which names the place in the environment; one build does for all.

use std::cell::Cell;
use std::panic::Location;
use std::sync::LazyLock;

/// A place, as `FILE:LINE` below `kernel`.
type Place = Option<(String, u32)>;

static RELAXED: LazyLock<Place> = LazyLock::new(|| named_by("JOS_RELAX"));
static LEFT_OUT: LazyLock<Place> = LazyLock::new(|| named_by("JOS_LEAVE_OUT"));

std::thread_local! {
    /// How often it was come to, in this test: threads of the checker share one real thread.
    static TIMES: Cell<u32> = const { Cell::new(0) };
    static OFF: Cell<bool> = const { Cell::new(false) };
}

fn named_by(variable: &str) -> Place {
    let place = std::env::var(variable).ok()?;
    let (file, line) = place.strip_prefix("kernel/")?.rsplit_once(':')?;
    Some((file.to_owned(), line.parse().ok()?))
}

/// Whether the access at `site` is to be relaxed.
pub(crate) fn order(site: &Location<'_>) -> bool {
    at(&RELAXED, site)
}

/// Whether the lock that is taken at `site` is to be left out.
pub(crate) fn lock(site: &Location<'_>) -> bool {
    at(&LEFT_OUT, site)
}

fn at(place: &Place, site: &Location<'_>) -> bool {
    let Some((file, line)) = place else { return false };
    if OFF.get() {
        return false;
    }
    // The kernel's files are included from here: `kernel/model/src/../../src/idle.rs`.
    let here = site.line() == *line && site.file().rsplit("../").next() == Some(file);
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
