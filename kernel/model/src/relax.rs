//! Relaxes one access of the kernel, to see whether a model notices.
//!
//! For `scripts/jos mutants --sweep orders` alone, which names the place in the environment; one build does for all.

use std::cell::Cell;
use std::panic::Location;
use std::sync::LazyLock;

/// The place to be relaxed, as `FILE:LINE` below `kernel`.
static PLACE: LazyLock<Option<(String, u32)>> = LazyLock::new(|| {
    let place = std::env::var("JOS_RELAX").ok()?;
    let (file, line) = place.strip_prefix("kernel/")?.rsplit_once(':')?;
    Some((file.to_owned(), line.parse().ok()?))
});

std::thread_local! {
    /// How often it was, in this test: threads of the checker share one real thread.
    static TIMES: Cell<u32> = const { Cell::new(0) };
    static OFF: Cell<bool> = const { Cell::new(false) };
}

/// Whether what is done at `site` is to be relaxed.
pub(crate) fn at(site: &Location<'_>) -> bool {
    let Some((file, line)) = &*PLACE else { return false };
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

/// Does what is no part of the test, with nothing relaxed.
pub(crate) fn nowhere(work: impl FnOnce()) {
    OFF.set(true);
    work();
    OFF.set(false);
}

/// Says whether the place was come to, for the sweep to read.
pub(crate) fn tell() {
    if TIMES.get() != 0 {
        println!("left out: {} times", TIMES.get());
    }
}
