//! The page to look at: the picture, and all it shows once more as tables. One file, nothing to load.

use super::graph::{Edge, Graph};
use super::picture::{self, LEGEND, escape};

/// What a load taught the kernel's checker.
pub(super) struct Findings {
    pub(super) graph: Graph,
    /// One line: which kernel, which programs, how long.
    pub(super) load: String,
    /// What the monitor said to `lockgraph --suggest`, and to `lockstat` where the build has statistics.
    pub(super) suggestion: String,
    pub(super) statistics: Option<String>,
}

const STYLE: &str = "
body { font: 15px/1.45 sans-serif; margin: 2em auto; max-width: 75em; padding: 0 1em; color: #222; background: #fff }
table { border-collapse: collapse; margin: 1em 0 } td, th { border: 1px solid #ccc; padding: .25em .6em; text-align: left; vertical-align: top }
th { background: #f4f4ee } td.number { text-align: right } pre { background: #f4f4ee; padding: 1em; overflow-x: auto }
tr.never td { background: #fff6e5 } tr.undeclared td { background: #fdeaea } figure { margin: 1em 0; overflow-x: auto } code { white-space: nowrap }
";

/// The page.
pub(super) fn html(findings: &Findings) -> String {
    let graph = &findings.graph;
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Locks of the JOS kernel</title>\n\
         <style>{STYLE}</style></head><body>\n<h1>Which locks are taken inside which</h1>\n<p>{}</p>\n",
        escape(&findings.load)
    );
    page += &format!("<figure>{}</figure>\n<ul>\n", picture::svg(graph));
    for (name, meaning) in LEGEND {
        page += &format!("<li><b>{name}</b>: {meaning}</li>\n");
    }
    page += "</ul>\n<p>A number is how often the inner class was wanted while the outer one was held.</p>\n";
    page += &coverage(graph);
    page += "<h2>Edges</h2>\n<table>\n<tr><th>held</th><th>wanted</th><th>edge</th><th>times</th>\
             <th>first seen: by, outer taken at, inner wanted at</th><th>why, and where it is declared</th></tr>\n";
    graph.edges.iter().for_each(|edge| page += &row(graph, edge));
    page += "</table>\n<h2>Classes</h2>\n<table>\n<tr><th>class</th><th>protects</th></tr>\n";
    for class in &graph.classes {
        page += &format!("<tr><td>{}</td><td>{}</td></tr>\n", escape(&class.name), escape(&class.protects));
    }
    page += "</table>\n";
    if let Some(statistics) = &findings.statistics {
        page += &format!("<h2>What the locks cost</h2>\n<pre>{}</pre>\n", escape(statistics));
    }
    page += &format!(
        "<h2>The declaration that was seen</h2>\n<p>As <code>rank.rs</code> would have it, without what follows from the rest.</p>\n\
         <pre>{}</pre>\n</body></html>\n",
        escape(&findings.suggestion)
    );
    page
}

/// Which declared edges the load did not exercise, in words.
pub(super) fn coverage_text(graph: &Graph) -> String {
    let (seen, missing) = graph.coverage();
    let mut text = format!("{seen} of {} declared edges that the kernel needs were seen", seen + missing.len());
    for edge in missing {
        text += &format!("\nnever seen: {}, then {}", graph.classes[edge.outer].name, graph.classes[edge.inner].name);
    }
    text
}

fn coverage(graph: &Graph) -> String {
    format!("<h2>Coverage</h2>\n<pre>{}</pre>\n", escape(&coverage_text(graph)))
}

fn row(graph: &Graph, edge: &Edge) -> String {
    let (outer, inner) = (&graph.classes[edge.outer].name, &graph.classes[edge.inner].name);
    let looks = if edge.seen.is_none() { "never" } else { edge.standing.name() };
    let (times, first) = match &edge.seen {
        Some(seen) => {
            let [at, then] = seen.sites.each_ref().map(|site| escape(site));
            (seen.times.to_string(), format!("CPU {}: <code>{at}</code>, <code>{then}</code>", seen.cpu))
        }
        None => ("never".to_owned(), String::new()),
    };
    format!(
        "<tr class=\"{looks}\"><td>{}</td><td>{}</td><td>{}</td><td class=\"number\">{times}</td><td>{first}</td><td>{}</td></tr>\n",
        escape(outer),
        escape(inner),
        edge.standing.name(),
        escape(edge.why.as_deref().unwrap_or_default())
    )
}

#[cfg(test)]
mod tests {
    use super::super::graph::tests::EXAMPLE;
    use super::*;

    #[test]
    fn the_page_has_the_picture_every_edge_and_what_was_never_seen() {
        let graph = Graph::parse(EXAMPLE.lines()).expect("sound");
        let findings = Findings {
            graph,
            load: "a test".to_owned(),
            suggestion: "edge(Rank::EnvLife, Rank::EnvIpc, \"\"),".to_owned(),
            statistics: Some("class taken".to_owned()),
        };
        let page = html(&findings);
        assert!(page.contains("<svg ") && page.contains("Rank::EnvLife") && page.contains("class taken"));
        assert!(page.contains("1 of 2 declared edges") && page.contains("never seen: env ipc, then env vm"));
        assert_eq!(page.matches("<tr class=").count(), findings.graph.edges.len());
        for edge in &findings.graph.edges {
            let (outer, inner) = (&findings.graph.classes[edge.outer].name, &findings.graph.classes[edge.inner].name);
            assert!(page.contains(&format!("<td>{outer}</td><td>{inner}</td>")), "{outer} {inner}");
        }
        // Nothing is fetched from anywhere.
        assert!(!page.contains("src=") && !page.contains("href="));
    }
}
