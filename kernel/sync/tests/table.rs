//! The declared order: what follows from it, and what is written about it.

use std::collections::BTreeSet;
use std::panic::catch_unwind;
use sync::Rank;
use sync::rank::{self, EDGES, Order, Pairs, edge};

/// The tables in the notes are these. `WRITE_NOTES=1 cargo test -p sync --test table` puts them there.
#[test]
fn the_notes_contain_the_tables() {
    const NOTES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../locking-notes.md");
    const BEGIN: &str = "<!-- table: kernel/sync/src/rank.rs -->\n";
    const END: &str = "<!-- end of table -->";
    let mut table = String::new();
    rank::markdown_table(&mut table).unwrap();
    let notes = std::fs::read_to_string(NOTES).unwrap();
    let (before, rest) = notes.split_once(BEGIN).unwrap();
    let (written, after) = rest.split_once(END).unwrap();
    if std::env::var_os("WRITE_NOTES").is_some() {
        std::fs::write(NOTES, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
    } else {
        assert_eq!(written, table);
    }
}

#[test]
fn every_class_and_every_edge_says_why_in_its_own_words() {
    let words = Rank::ALL.iter().flat_map(|rank| [rank.name(), rank.protects(), rank.reason()]);
    let words: Vec<&str> = words.chain(EDGES.iter().map(|edge| edge.why)).collect();
    assert!(words.iter().all(|text| !text.is_empty() && !text.contains(['|', '\n', '"'])));
    assert_eq!(BTreeSet::from_iter(&words).len(), words.len());
}

/// The closure, once more, by walking.
#[test]
fn a_class_allows_what_a_walk_along_edges_reaches() {
    for from in Rank::ALL {
        let mut reached = Vec::new();
        let mut next = vec![from];
        while let Some(at) = next.pop() {
            for edge in EDGES.iter().filter(|edge| edge.outer == at) {
                if !reached.contains(&edge.inner) {
                    reached.push(edge.inner);
                    next.push(edge.inner);
                }
            }
        }
        for to in Rank::ALL {
            assert_eq!(from.allows(to), reached.contains(&to), "{from:?} {to:?}");
        }
        assert_eq!(from.is_leaf(), reached.is_empty());
    }
}

#[test]
fn a_circle_in_a_declaration_is_named() {
    use Rank::{Console, EnvIpc, EnvLife, EnvVm};
    let complaint = |edges: &'static [(Rank, Rank)]| {
        let edges: Vec<_> = edges.iter().map(|&(outer, inner)| edge(outer, inner, "")).collect();
        *catch_unwind(|| Order::of(&edges)).unwrap_err().downcast::<String>().unwrap()
    };
    let three = complaint(&[(EnvLife, EnvIpc), (EnvIpc, EnvVm), (EnvVm, Console), (EnvVm, EnvLife)]);
    assert_eq!(three, "the declared lock order has a circle: env life -> env ipc -> env vm -> env life");
    let two = complaint(&[(EnvVm, Console), (EnvVm, EnvIpc), (Console, EnvVm)]);
    assert_eq!(two, "the declared lock order has a circle: env vm -> console -> env vm");
    let one = complaint(&[(EnvVm, EnvVm)]);
    assert_eq!(one, "the declared lock order has a circle: env vm -> env vm");
}

#[test]
fn only_memories_are_locked_in_pairs() {
    let pairs: Vec<_> = Rank::ALL.into_iter().filter(|rank| rank.pairs() != Pairs::Never).collect();
    assert_eq!(pairs, [Rank::EnvVm]);
}

#[test]
fn the_picture_has_every_class_and_edge() {
    let mut text = String::new();
    rank::dot(&mut text).unwrap();
    assert!(text.starts_with("digraph") && text.ends_with("}\n"));
    for edge in &EDGES {
        let line = format!("  \"{}\" -> \"{}\" [", edge.outer.name(), edge.inner.name());
        assert_eq!(text.matches(&line).count(), 1, "{line}");
    }
    assert!(Rank::ALL.iter().all(|rank| text.contains(&format!("  \"{}\"", rank.name()))));
}
