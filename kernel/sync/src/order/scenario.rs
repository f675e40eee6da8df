//! How CPUs come to wait for each other: the declared edges, the picture in two columns, the circle.

use super::held::Held;
use super::kind::Kind;
use super::learned::{self, Path};
use super::report::{Place, Report};
use crate::rank::{EDGES, Edge};
use crate::{Machine, Rank};
use core::fmt;

/// Width of the left column.
const LEFT: usize = 44;

/// Quotes the part of the declared order that forbids this, if it is about the order.
pub(super) fn write_declared(f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    let (Some(Held { lock: held, .. }), Some(wanted)) = (report.outer, report.inner) else { return Ok(()) };
    let (from, to) = (wanted.rank, held.rank);
    if report.kind.is_about_a_pair() {
        return writeln!(f, "  order:  two of class {} at once: {}", from.name(), from.pairs().name());
    }
    if !report.kind.is_about_classes() {
        return Ok(());
    }
    if !from.allows(to) {
        return writeln!(
            f,
            "  order:  rank.rs has no edge, and no chain of edges, from {} to {}",
            to.name(),
            from.name()
        );
    }
    writeln!(f, "  order:  {} comes before {}:", from.name(), to.name())?;
    let on_the_way =
        |edge: &&Edge| (edge.outer == from || from.allows(edge.outer)) && (edge.inner == to || edge.inner.allows(to));
    EDGES.iter().filter(on_the_way).try_for_each(|edge| {
        let (file, line) = (edge.declared.file(), edge.declared.line());
        writeln!(f, "    {}, then {}: {} ({file}:{line})", edge.outer.name(), edge.inner.name(), edge.why)
    })
}

/// Draws how CPUs hang, if they can: in two columns, then as a circle with all that is known of each edge.
pub(super) fn write<M: Machine>(f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    let (Some(outer), Some(wanted)) = (report.outer, report.inner) else { return Ok(()) };
    let site = Place(report.site);
    let (cpu, taken) = (report.cpu, Place(Some(outer.site)));
    if report.kind == Kind::SelfDeadlock {
        writeln!(
            f,
            "  CPU {cpu}\n  took {} at {taken}\n  waits for {wanted} at {site}\n  and is the only one who could release it",
            outer.lock
        )?;
    }
    if report.kind.is_about_a_pair() {
        heading(f, cpu)?;
        writeln!(f, "    takes {}", outer.lock)?;
        left(f, format_args!(""))?;
        writeln!(f, "takes {wanted}")?;
        left(f, format_args!("waits for {wanted}"))?;
        writeln!(f, "waits for {}", outer.lock)?;
    }
    if report.kind.is_about_classes()
        && let Some(path) = M::checker().graph.path(wanted.rank, outer.lock.rank)
    {
        heading(f, cpu)?;
        write_columns(f, report, outer, &path)?;
        write_circle::<M>(f, report, outer, &path)?;
        write_notes::<M>(f, report, &path)?;
    }
    Ok(())
}

fn heading(f: &mut fmt::Formatter<'_>, cpu: usize) -> fmt::Result {
    writeln!(f, "  how CPUs come to wait for each other:")?;
    left(f, format_args!("CPU {cpu}"))?;
    writeln!(f, "another CPU")
}

/// Writes `text` as wide as the left column.
fn left(f: &mut fmt::Formatter<'_>, text: fmt::Arguments<'_>) -> fmt::Result {
    f.write_str("    ")?;
    let mut counted = Counted(f, 0);
    fmt::write(&mut counted, text)?;
    let rest = LEFT.saturating_sub(counted.1);
    write!(f, "{:rest$}", "")
}

/// Counts what is written after the indentation.
struct Counted<'a, 'b>(&'a mut fmt::Formatter<'b>, usize);

impl fmt::Write for Counted<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.1 += text.len();
        self.0.write_str(text)
    }
}

/// First everybody takes one lock, then everybody waits for the next one's.
fn write_columns(f: &mut fmt::Formatter<'_>, report: &Report, outer: Held, path: &Path) -> fmt::Result {
    let Some(wanted) = report.inner else { return Ok(()) };
    writeln!(f, "    {}", format_args!("takes {}", outer.lock))?;
    for (i, (rank, _)) in path.edges().enumerate() {
        let who = if i == 0 { "" } else { "a further CPU " };
        writeln!(f, "    {:<LEFT$}{who}takes {}", "", Takes(rank))?;
    }
    writeln!(f, "    waits for {wanted}")?;
    for (i, (_, rank)) in path.edges().enumerate() {
        let who = if i == 0 { "" } else { "the further CPU " };
        writeln!(f, "    {:<LEFT$}{who}waits for {}", "", Takes(rank))?;
    }
    Ok(())
}

struct Takes(Rank);

impl fmt::Display for Takes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_wait() { "a CPU's answer" } else { self.0.name() })
    }
}

fn write_circle<M: Machine>(f: &mut fmt::Formatter<'_>, report: &Report, outer: Held, path: &Path) -> fmt::Result {
    let Some(wanted) = report.inner else { return Ok(()) };
    writeln!(f, "  the circle, as short as it can be:")?;
    let (taken, site) = (Place(Some(outer.site)), Place(report.site));
    let (from, to) = (outer.lock.rank.name(), wanted.rank.name());
    writeln!(f, "    {from} -> {to}: this report; outer taken at {taken}, inner wanted at {site}")?;
    for (outer, inner) in path.edges() {
        write!(f, "    {} -> {}:", outer.name(), inner.name())?;
        if let Some(edge) = learned::declared(outer, inner) {
            write!(f, " declared at {}:{};", edge.declared.file(), edge.declared.line())?;
        }
        let edge = M::checker().graph.edge(outer, inner);
        let (at, then) = edge.sites();
        match edge.first_cpu() {
            Some(cpu) => {
                let (at, then) = (Place(at), Place(then));
                writeln!(f, " first done by CPU {cpu}, outer taken at {at}, inner wanted at {then}")?;
                edge.stack.write::<M>(f)?;
            }
            None => writeln!(f, " not done yet since the start")?,
        }
    }
    Ok(())
}

/// Answers what readers of such reports doubt first: that one CPU can't hang, and that something else is in the way.
fn write_notes<M: Machine>(f: &mut fmt::Formatter<'_>, report: &Report, path: &Path) -> fmt::Result {
    let graph = &M::checker().graph;
    if path.edges().all(|(outer, inner)| graph.edge(outer, inner).only_by(report.cpu)) {
        writeln!(
            f,
            "  note: CPU {} alone has done all of this so far, one after the other. One CPU does not",
            report.cpu
        )?;
        writeln!(f, "        wait for itself this way, but two CPUs that do it at the same time wait for ever.")?;
    }
    let (Some(outer), Some(wanted)) = (report.outer, report.inner) else { return Ok(()) };
    let mut gates = M::checker().now(report.cpu).classes() & !(1 << outer.lock.rank as u32 | 1 << wanted.rank as u32);
    for (outer, inner) in path.edges() {
        let edge = graph.edge(outer, inner);
        gates &= if edge.is_seen() { edge.beside() } else { 0 };
    }
    for gate in Rank::ALL.iter().filter(|&&rank| gates & 1 << rank as u32 != 0) {
        let name = gate.name();
        writeln!(f, "  note: each time {name} was held as well. If that was one and the same lock, it keeps the CPUs")?;
        writeln!(f, "        apart today; but nobody has promised to hold it, and without it they wait for ever.")?;
    }
    Ok(())
}
