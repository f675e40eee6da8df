//! The declared order as a table.

use std::collections::BTreeSet;
use sync::Rank;
use sync::rank::{self, EDGES, Pairs};

#[test]
fn the_table_has_a_row_for_each_class_in_order() {
    let mut text = String::new();
    rank::markdown_table(&mut text).unwrap();
    let rows: Vec<&str> = text.lines().skip(2).collect();
    assert_eq!(rows.len(), Rank::ALL.len());
    for (i, (row, rank)) in rows.iter().zip(Rank::ALL).enumerate() {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        assert_eq!(cells[1..4], [&(i + 1).to_string(), rank.name(), rank.protects()]);
        assert!(cells[4].starts_with(rank.pairs().name()));
        assert_eq!(cells[5], rank.reason());
    }
}

#[test]
fn every_class_and_every_step_says_why_in_its_own_words() {
    let words = Rank::ALL.iter().flat_map(|rank| [rank.name(), rank.protects(), rank.reason()]);
    let words: Vec<&str> = words.chain(EDGES.iter().map(|edge| edge.why)).collect();
    assert!(words.iter().all(|text| !text.is_empty() && !text.contains(['|', '\n'])));
    assert_eq!(BTreeSet::from_iter(&words).len(), words.len());
}

#[test]
fn the_leaf_is_last_and_alone() {
    assert!(Rank::Console.is_leaf());
    assert_eq!(Rank::Console.pairs(), Pairs::Never);
    assert_eq!(Rank::ALL.iter().filter(|rank| rank.is_leaf()).count(), 1);
}
