//! Where the fine locks lose, and what an operation takes where they have nothing to win.

use std::fmt::Write;

use crate::bench::Clock;
use crate::bench::figure::Cell;
use crate::bench::findings::{Curve, Findings, more};
use crate::svg::escape;

/// The section.
pub(super) fn section(findings: &Findings<'_>, clock: Clock) -> String {
    behind(findings) + &alone(findings, clock)
}

fn behind(findings: &Findings<'_>) -> String {
    let losses = findings.losses();
    let mut text = "<h2>Where the fine locks lose</h2>\n".to_owned();
    let percent = findings.same() * 100.0;
    if losses.is_empty() {
        let _ = writeln!(text, "<p>At no point measured is the big lock ahead by more than {percent} %.</p>");
        return text;
    }
    let _ = writeln!(
        text,
        "<p>A fine-grained kernel takes several locks where the other takes one. Points at which the big lock is ahead by \
         more than {percent} %, the worst first:</p>"
    );
    text += "<div class=\"card wide\"><table>\n<tr><th>workload</th><th class=\"n\">CPUs</th><th class=\"n\">fine / big</th></tr>\n";
    for (workload, cpus, ratio) in losses {
        let title = escape(workload.title);
        let _ = writeln!(text, "<tr><td>{title}</td><td class=\"n\">{cpus}</td><td class=\"n\">{ratio:.3}</td></tr>");
    }
    text + "</table></div>\n"
}

/// The price of each operation on one CPU.
fn alone(findings: &Findings<'_>, clock: Clock) -> String {
    let rows: Vec<_> = findings.curves.iter().filter_map(|curve| row(curve, clock)).collect();
    if rows.is_empty() {
        return String::new();
    }
    let unit = if clock == Clock::Rig { "ticks (instructions)" } else { "microseconds" };
    format!(
        "<p>On one CPU nobody waits: there the builds differ by the instructions that their locks take, and what comes with \
         them. An operation takes, in {unit}:</p>\n<div class=\"card wide\"><table>\n<tr><th>workload</th><th \
         class=\"n\">fine</th><th class=\"n\">big</th><th class=\"n\">fine takes</th></tr>\n{}</table></div>\n",
        rows.concat()
    )
}

fn row(curve: &Curve<'_>, clock: Clock) -> Option<String> {
    let pair = curve.pairs.first().filter(|pair| pair[0].cpus == 1)?;
    // An operation of the rig is counted for a million ticks, one of the wall clock for a second.
    let [fine, big] =
        pair.each_ref().map(Cell::throughput).map(|rate| rate.filter(|rate| *rate > 0.0).map(|rate| 1e6 / rate));
    let (fine, big) = (fine?, big?);
    let digits = if clock == Clock::Rig { 0 } else { 2 };
    Some(format!(
        "<tr><td>{}</td><td class=\"n\">{fine:.digits$}</td><td class=\"n\">{big:.digits$}</td><td class=\"n\">{}</td></tr>\n",
        escape(curve.workload.title),
        more((fine / big - 1.0) * 100.0)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::{Results, fixture};

    #[test]
    fn the_price_on_one_cpu_is_told_in_ticks() {
        let pairs = fixture::pairs("page", &[(800, 1000), (1600, 1000)]);
        let results = Results { clock: Clock::Rig, machine: Vec::new(), command: String::new(), pairs };
        let text = section(&Findings::of(&results), Clock::Rig);
        assert!(text.contains("1250</td><td class=\"n\">1000</td><td class=\"n\">25.0 % more"), "{text}");
    }
}
