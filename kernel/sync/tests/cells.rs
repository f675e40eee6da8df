//! All cells of the checker's self-test: see `src/order/selftest.rs`.
#![cfg(any(feature = "order", feature = "full", all(debug_assertions, not(feature = "off"), not(feature = "stats"))))]

mod common;

use sync::order;

#[test]
fn every_cell_is_reported_or_not_as_it_must_be() {
    machine!(This, OUTSIDE);
    let cells = order::all_cells().unwrap();
    println!("{cells} cells");
    assert!(cells >= 4_000);
    let start = std::time::Instant::now();
    let selected = order::selftest::<This>().unwrap();
    println!("{selected} of them at every boot, here in {:?}", start.elapsed());
    assert!(selected >= 300 && selected < cells / 10);
    assert_eq!(OUTSIDE.take(), "", "the machine's own checker is left alone");
}
