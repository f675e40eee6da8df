//! All cells of the checker's self-test: see `src/order/selftest.rs`.
#![cfg(any(feature = "order", feature = "full", all(debug_assertions, not(feature = "off"), not(feature = "stats"))))]

mod common;

use std::io::Write;
use sync::order;

#[test]
fn the_checker_is_right_in_every_cell() {
    machine!(This, OUTSIDE);
    let all = order::all_cells().unwrap();
    say(&format!("{} cells", all.cells));
    assert!(all.cells >= 4_000);
    let start = std::time::Instant::now();
    let selected = order::selftest::<This>().unwrap();
    say(&format!("{} of them at every boot, here in {:?}", selected.cells, start.elapsed()));
    assert!(selected.cells < all.cells / 10);
    assert_eq!(selected.kinds, all.kinds, "each kind of report is tried at every boot");
    assert_eq!(OUTSIDE.take(), "", "the machine's own checker is left alone");
}

/// Past the capture of output: how many there are is part of the result.
fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}
