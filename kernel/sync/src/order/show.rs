//! What was learned, to look at: the graph with counts, what was never exercised, the declaration it implies.

use super::learned::{Edge, declared};
use super::report::Place;
use crate::rank::{EDGES, Pairs};
use crate::{Machine, Rank};
use core::fmt;
use core::marker::PhantomData;

/// The graph of what was declared and what was seen, in the DOT language of Graphviz: declared edges black, or gray if they
/// are only allowed, and dotted while they were never seen; what follows from them blue; undeclared ones red.
#[must_use]
pub fn graph<M: Machine>() -> impl fmt::Display {
    Show::<M>(write_graph::<M>, PhantomData)
}

/// Which of the declared edges that the kernel needs were seen.
#[must_use]
pub fn coverage<M: Machine>() -> impl fmt::Display {
    Show::<M>(write_coverage::<M>, PhantomData)
}

/// The edges that were seen, as `rank.rs` would declare them, without those that follow from others.
#[must_use]
pub fn suggestion<M: Machine>() -> impl fmt::Display {
    Show::<M>(write_suggestion::<M>, PhantomData)
}

struct Show<M>(fn(&mut fmt::Formatter<'_>) -> fmt::Result, PhantomData<fn() -> M>);

impl<M> fmt::Display for Show<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.0)(f)
    }
}

fn pairs() -> impl Iterator<Item = (Rank, Rank)> {
    Rank::ALL.into_iter().flat_map(|outer| Rank::ALL.into_iter().map(move |inner| (outer, inner)))
}

fn edge<M: Machine>(outer: Rank, inner: Rank) -> &'static Edge {
    M::checker().graph.edge(outer, inner)
}

/// How often `inner` was wanted inside `outer`, by all CPUs.
fn times<M: Machine>(outer: Rank, inner: Rank) -> u32 {
    M::checker().cpus.iter().map(|cpu| cpu.chains.times(outer, inner)).sum()
}

fn write_graph<M: Machine>(f: &mut fmt::Formatter<'_>) -> fmt::Result {
    writeln!(f, "digraph \"locks\" {{\n  node [shape=box];")?;
    for rank in Rank::ALL {
        let shape = if rank.is_wait() { "ellipse" } else { "box" };
        writeln!(f, "  \"{}\" [shape=\"{shape}\", tooltip=\"{}\"];", rank.name(), rank.protects())?;
    }
    for (outer, inner) in pairs() {
        if edge::<M>(outer, inner).is_seen() || declared(outer, inner).is_some() {
            write_edge::<M>(f, outer, inner)?;
        }
    }
    writeln!(f, "}}")
}

/// One edge: what it is in the declaration (`class`), whether it was seen (`style`), how often, where first, and why it may be.
fn write_edge<M: Machine>(f: &mut fmt::Formatter<'_>, outer: Rank, inner: Rank) -> fmt::Result {
    let (edge, declared) = (edge::<M>(outer, inner), declared(outer, inner));
    let (class, color) = match declared {
        Some(declared) if declared.needed => ("needed", "black"),
        Some(_) => ("allowed", "gray"),
        None if outer == inner && outer.pairs() != Pairs::Never => ("pair", "blue"),
        None if outer.allows(inner) => ("implied", "blue"),
        None => ("undeclared", "red"),
    };
    let style = if edge.is_seen() { "solid" } else { "dotted" };
    write!(f, "  \"{}\" -> \"{}\" [class=\"{class}\", ", outer.name(), inner.name())?;
    write!(f, "color=\"{color}\", style=\"{style}\"")?;
    if let Some(cpu) = edge.first_cpu() {
        let (at, then) = edge.sites();
        write!(f, ", label=\"{}\"", times::<M>(outer, inner))?;
        write!(f, ", tooltip=\"first by CPU {cpu}: {}, then {}\"", Place(at), Place(then))?;
    }
    if let Some(declared) = declared {
        let (file, line) = (declared.declared.file(), declared.declared.line());
        write!(f, ", comment=\"{} ({file}:{line})\"", declared.why)?;
    }
    writeln!(f, "];")
}

fn write_coverage<M: Machine>(f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let needed = || EDGES.iter().filter(|edge| edge.needed);
    let seen = needed().filter(|declared| edge::<M>(declared.outer, declared.inner).is_seen()).count();
    writeln!(f, "{seen} of {} declared edges seen", needed().count())?;
    for declared in needed().filter(|declared| !edge::<M>(declared.outer, declared.inner).is_seen()) {
        let (file, line) = (declared.declared.file(), declared.declared.line());
        writeln!(f, "never seen: {}, then {} ({file}:{line})", declared.outer.name(), declared.inner.name())?;
    }
    Ok(())
}

fn write_suggestion<M: Machine>(f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let seen = |outer: Rank, inner: Rank| outer != inner && edge::<M>(outer, inner).is_seen();
    for (outer, inner) in pairs().filter(|&(outer, inner)| seen(outer, inner)) {
        // Follows from others if there is a class between the two.
        if Rank::ALL.into_iter().any(|middle| seen(outer, middle) && seen(middle, inner)) {
            continue;
        }
        let (at, then) = edge::<M>(outer, inner).sites();
        writeln!(f, "edge(Rank::{outer:?}, Rank::{inner:?}, \"seen at {}, then {}\"),", Place(at), Place(then))?;
    }
    Ok(())
}
