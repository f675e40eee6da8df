//! The declaration for people: the tables in `locking-notes.md` and the picture.

use super::{EDGES, Rank};
use core::fmt;

/// Writes the order as the tables that `locking-notes.md` contains.
///
/// # Errors
/// Only what `f` itself returns.
pub fn markdown_table(f: &mut impl fmt::Write) -> fmt::Result {
    writeln!(f, "| rank | class | protects | two at once | why it is here |")?;
    writeln!(f, "|---|---|---|---|---|")?;
    for (i, rank) in Rank::ALL.iter().enumerate() {
        let (name, protects, reason) = (rank.name(), rank.protects(), rank.reason());
        let pairs = rank.pairs().name();
        let leaf = if rank.is_leaf() { " (leaf)" } else { "" };
        writeln!(f, "| {} | {name} | {protects} | {pairs}{leaf} | {reason} |", i + 1)?;
    }
    writeln!(f, "\n| held | may be taken | why |\n|---|---|---|")?;
    for edge in &EDGES {
        let note = if edge.needed { "" } else { " (allowed, not needed)" };
        writeln!(f, "| {} | {} | {}{note} |", edge.outer.name(), edge.inner.name(), edge.why)?;
    }
    Ok(())
}

/// Writes the declared edges as a graph in the DOT language of Graphviz. Edges that are only allowed are dotted.
///
/// # Errors
/// Only what `f` itself returns.
pub fn dot(f: &mut impl fmt::Write) -> fmt::Result {
    writeln!(f, "digraph \"lock order\" {{\n  node [shape=box];")?;
    for rank in Rank::ALL {
        let shape = if rank.is_wait() { " [shape=ellipse]" } else { "" };
        writeln!(f, "  \"{}\"{shape};", rank.name())?;
    }
    for edge in &EDGES {
        let style = if edge.needed { "solid" } else { "dotted" };
        let (outer, inner) = (edge.outer.name(), edge.inner.name());
        writeln!(f, "  \"{outer}\" -> \"{inner}\" [style={style}, tooltip=\"{}\"];", edge.why)?;
    }
    writeln!(f, "}}")
}
