//! Races, driven: each case holds one CPU in its window until another has done its part, and then the outcome has to be
//! right. Named after the rows of the table in `locking-notes.md`.
//!
//! The parent is in slot 0, its children in 1 and 2 (`user/src/race`). What a rule means is in `kernel/src/window.rs`. Many
//! cases have two: one that makes the second actor come at the right moment, and the window itself. Where a lock closes the
//! window, the rule waits for "the other waits for the lock" or "the other has done it", and only the first may come.

mod rows_1_to_21;
mod rows_22_to_46;

use crate::case::Case;

const BASE: Case = Case { cpus: 2, limit: 90, ..Case::BASE };

/// A play for two CPUs, with its windows.
const fn race(
    name: &'static str,
    programs: &'static [&'static str],
    windows: &'static [(&'static str, &'static str)],
) -> Case {
    Case { name, programs, windows, required: &["race [0-9]+: ok"], ..BASE }
}

/// Cases of this group.
pub(crate) fn cases() -> impl Iterator<Item = &'static Case> {
    rows_1_to_21::CASES.iter().chain(rows_22_to_46::CASES)
}
