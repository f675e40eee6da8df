//! The report: one page for a browser that needs nothing else, with the answer at its top.
//!
//! Every sentence with a figure in it is made from the figures.

mod losses;
mod plots;
mod scale;
mod words;

use std::fmt::Write;

use super::Results;
use super::figure::{Cell, Wait, real};
use super::findings::{Curve, Findings, count};
use super::table::{rate, shares};
use super::workloads::{self, Kind};
use crate::svg::escape;
use plots::{BUILDS, PARTS};

/// How many places that waited are shown for each build.
const WAITS: usize = 3;

/// The whole page.
pub(super) fn page(results: &Results) -> String {
    let findings = Findings::of(results);
    let title = "One big kernel lock, or fine-grained locks?";
    let sub = format!(
        "The JOS kernel in two builds of one source: {} of {} workloads, on {}",
        findings.curves.len(),
        workloads::ALL.len(),
        findings.all_cpus()
    );
    let parts = [
        summary(&findings),
        overview(&findings),
        losses::section(&findings, results.clock),
        cards(results, &findings),
        words::glossary(results.clock),
        machine(results),
        all_figures(results),
    ];
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>\n{}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n<p class=\"soft\">{}</p>\n{}</main>\n</body>\n</html>\n",
        include_str!("report/style.css"),
        escape(&sub),
        parts.concat()
    )
}

fn summary(findings: &Findings<'_>) -> String {
    let items: Vec<_> = findings.summary().iter().map(|text| format!("<li>{}</li>\n", escape(text))).collect();
    format!("<section class=\"summary\"><h3>In short</h3>\n<ul>\n{}</ul>\n</section>\n", items.concat())
}

fn overview(findings: &Findings<'_>) -> String {
    let Some(plot) = plots::overview(findings) else { return String::new() };
    let (fewest, most) = findings.cpus();
    format!(
        "<h2>How much {} do, compared with {}</h2>\n<p>Each line is a workload: a program that does one thing again and \
         again, one copy on each CPU. The further to the right, the better the CPUs work side by side. The last column is \
         the throughput with fine locks over that with the big lock, on {}.</p>\n{}<div class=\"card wide\">{plot}</div>\n",
        count(most),
        count(fewest),
        count(most),
        builds_legend(false),
    )
}

fn builds_legend(with_ideal: bool) -> String {
    let ideal = if with_ideal {
        "<span><i class=\"ideal\"></i>ideal: as many times one CPU as there are CPUs</span>"
    } else {
        ""
    };
    format!(
        "<div class=\"legend\"><span><i class=\"fine\"></i>fine locks: a lock for each thing that needs one</span>\
         <span><i class=\"big\"></i>big lock: one lock for the whole kernel</span>{ideal}</div>\n"
    )
}

fn cards(results: &Results, findings: &Findings<'_>) -> String {
    let links: Vec<_> = findings
        .curves
        .iter()
        .map(|curve| format!("<a href=\"#{}\">{}</a>\n", curve.workload.name, escape(curve.workload.title)))
        .collect();
    let cards: Vec<_> = findings.curves.iter().map(|curve| card(results, curve)).collect();
    format!("<h2>Workload by workload</h2>\n<nav>{}</nav>\n{}{}", links.concat(), builds_legend(true), cards.concat())
}

fn card(results: &Results, curve: &Curve<'_>) -> String {
    let workload = curve.workload;
    let bound = match workload.kind {
        Kind::Private => String::new(),
        Kind::Shared(what) => format!(" All share {}, so no kernel can make it scale.", escape(what)),
    };
    let mut text = format!(
        "<section class=\"card\" id=\"{}\"><h3>{}</h3>\n<p class=\"soft\">One operation: {}.{bound}</p>\n<p>{}</p>\n<div \
         class=\"plots\">\n",
        workload.name,
        escape(workload.title),
        escape(workload.operation),
        escape(&words::verdict(curve))
    );
    let unit = results.clock.unit();
    let parts = PARTS.map(|(class, name)| format!("<span><i class=\"{class}\"></i>{name}</span>"));
    let captions = [
        "Throughput; both scales are logarithmic".to_owned(),
        format!("<span class=\"legend\">CPUs' time: {}</span>", parts.concat()),
    ];
    for (plot, caption) in [plots::throughput(curve, unit), plots::time(curve)].into_iter().zip(captions) {
        if let Some(plot) = plot {
            let _ = writeln!(text, "<figure>{plot}<figcaption>{caption}</figcaption></figure>");
        }
    }
    text += "</div>\n";
    for cell in curve.pairs.iter().flatten() {
        if let Err(why) = &cell.result {
            let where_ = format!("{} on {}: {why}", cell.build, count(cell.cpus));
            let _ = writeln!(text, "<p><b>No figure</b> for {}</p>", escape(&where_));
        }
    }
    text + &waits(curve) + "</section>\n"
}

/// The places that waited longest with the most CPUs, for each build.
fn waits(curve: &Curve<'_>) -> String {
    let Some(last) = curve.pairs.last() else { return String::new() };
    let tables: Vec<_> =
        last.iter().zip(BUILDS).filter_map(|(cell, (class, name))| waits_of(cell, class, name)).collect();
    if tables.is_empty() { String::new() } else { format!("<div class=\"tables\">{}</div>\n", tables.concat()) }
}

fn waits_of(cell: &Cell, class: &str, name: &str) -> Option<String> {
    let detail = cell.detail()?;
    let time = &detail.time;
    let all = real(time.user + time.kernel + time.spin + time.idle);
    // A thousandth of the time is worth no table.
    let shown: Vec<&Wait> = detail.waits.iter().filter(|wait| real(wait.ticks) > all / 1000.0).take(WAITS).collect();
    if shown.is_empty() {
        return None;
    }
    let mut text = format!(
        "<div><table><tr><th class=\"n\">time</th><th><i class=\"{class}\"></i>{name}, {}: where CPUs waited</th></tr>\n",
        count(cell.cpus)
    );
    for wait in shown {
        let place = &wait.place;
        let _ = writeln!(
            text,
            "<tr><td class=\"n\">{:.1} %</td><td>{} <span class=\"soft\">{}</span><br><code>{}</code></td></tr>",
            real(wait.ticks) / all * 100.0,
            escape(&place.at),
            escape(&place.function),
            escape(&place.code)
        );
    }
    Some(text + "</table></div>\n")
}

fn machine(results: &Results) -> String {
    let paragraphs: Vec<_> = results.machine.iter().map(|text| format!("<p>{}</p>\n", escape(text))).collect();
    let turns: u64 = details(results).map(|detail| detail.turns).sum();
    let forced: u64 = details(results).map(|detail| detail.forced).sum();
    let order = if turns > 0 {
        format!("<p>CPUs let go out of turn, because the host stalled: {forced} of {turns} turns.</p>\n")
    } else {
        String::new()
    };
    format!(
        "<h2>The machine</h2>\n{}{order}<p>Again: <code>{}</code></p>\n",
        paragraphs.concat(),
        escape(&results.command)
    )
}

fn details(results: &Results) -> impl Iterator<Item = &super::figure::Detail> {
    results.pairs.iter().flatten().filter_map(Cell::detail)
}

fn all_figures(results: &Results) -> String {
    let unit = escape(results.clock.unit());
    let mut text = format!(
        "<h2>All figures</h2>\n<details><summary>{} points, in {unit}</summary>\n<div class=\"wide\"><table>\n<tr><th>workload</th>\
         <th class=\"n\">CPUs</th><th class=\"n\">fine</th><th class=\"n\">big</th><th class=\"n\">fine / big</th>",
        results.pairs.len() * 2
    );
    for (_, name) in BUILDS {
        for (_, part) in PARTS {
            let _ = write!(text, "<th class=\"n\">{name}: {part}</th>");
        }
    }
    text += "</tr>\n";
    for pair in &results.pairs {
        text += &figures(pair);
    }
    text + "</table></div></details>\n"
}

fn figures(pair: &[Cell; 2]) -> String {
    let [fine, big] = pair.each_ref().map(Cell::throughput);
    let ratio = fine.zip(big).map_or(String::new(), |(fine, big)| format!("{:.3}", fine / big));
    let mut words = vec![pair[0].cpus.to_string(), rate(fine), rate(big), ratio];
    for cell in pair {
        let parts = cell.detail().map(|detail| shares(&detail.time));
        words.extend((0..4).map(|i| parts.map_or(String::new(), |parts| format!("{:.1} %", parts[i] * 100.0))));
    }
    let columns: Vec<_> = words.iter().map(|word| format!("<td class=\"n\">{word}</td>")).collect();
    format!("<tr><td>{}</td>{}</tr>\n", escape(pair[0].workload.title), columns.concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::{Clock, fixture};

    fn results() -> Results {
        let pairs = [
            fixture::pairs("page", &[(98, 100), (196, 150), (390, 155)]),
            fixture::pairs("server", &[(100, 100), (120, 130), (120, 90)]),
        ];
        let machine = vec!["A machine < others.".to_owned()];
        Results { clock: Clock::Rig, machine, command: "scripts/jos bench".to_owned(), pairs: pairs.concat() }
    }

    #[test]
    fn the_page_needs_nothing_else() {
        let page = page(&results());
        for forbidden in ["http://", "https://", "src=", "url(", "<script", "@import"] {
            let found = page.replace("http://www.w3.org/2000/svg", "").contains(forbidden);
            assert!(!found, "{forbidden} is in the page");
        }
    }

    #[test]
    fn the_page_says_what_the_figures_say() {
        let page = page(&results());
        for wanted in [
            "On 4 CPUs the fine-grained kernel does 4.0 times",
            "× 4.0",
            "cross at ",
            "50.0 % waiting in a loop",
            "a &lt; b &amp;&amp; &quot;c&quot;",
            "A machine &lt; others.",
            "no kernel can make it scale",
        ] {
            assert!(page.contains(wanted), "{wanted} is missing");
        }
    }

    #[test]
    fn every_element_is_closed() {
        let page = page(&results());
        for name in
            ["section", "div", "table", "tr", "td", "th", "svg", "text", "figure", "p", "ul", "li", "dl", "details"]
        {
            let opened = page.matches(&format!("<{name}>")).count() + page.matches(&format!("<{name} ")).count();
            assert_eq!(opened, page.matches(&format!("</{name}>")).count(), "{name}");
        }
    }

    #[test]
    fn a_failed_point_is_shown_as_such() {
        let mut results = results();
        results.pairs[0][1].result = Err("no mark came".to_owned());
        let page = page(&results);
        assert!(page.contains("<b>No figure</b> for big on 1 CPU: no mark came"));
    }
}
