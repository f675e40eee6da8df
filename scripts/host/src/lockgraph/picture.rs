//! The graph as SVG: boxes for classes, lines for edges, each with a text that shows when the mouse rests on it.

use std::fmt::Write;

use super::graph::{Edge, Graph};
use super::layout::{self, BOX, Layout, Point};

/// Width of a letter in a box, in pixels, about.
const LETTER: f64 = 8.0;

/// How lines look. Part of the picture, so that the file stands for itself.
const STYLE: &str = "
  text { font: 13px sans-serif; text-anchor: middle; fill: #222 }
  .class { fill: #f4f4ee; stroke: #444 }
  .edge { fill: none; stroke-width: 1.6 }
  .needed { stroke: #222 } .allowed { stroke: #999 } .implied, .pair { stroke: #3a6ea5; stroke-width: 1 }
  .undeclared { stroke: #c62828; stroke-width: 2.4 }
  .never { stroke-dasharray: 2 5 }
  .count { font-size: 11px; fill: #555; paint-order: stroke; stroke: #fff; stroke-width: 3px }
  .count.unseen { fill: #b26a00 }
";

/// What the looks of a line mean.
pub(super) const LEGEND: [(&str, &str); 6] = [
    ("needed", "declared, and the kernel does it"),
    ("allowed", "declared as no mistake"),
    ("implied", "follows from declared edges by a chain"),
    ("pair", "two of one class, in the order of their keys"),
    ("undeclared", "not declared: reported as an error"),
    ("never", "dotted: declared, but never seen in this run"),
];

/// The picture.
pub(super) fn svg(graph: &Graph) -> String {
    #[expect(clippy::cast_precision_loss, reason = "names are short")]
    let widths: Vec<f64> = graph.classes.iter().map(|class| class.name.len() as f64 * LETTER + 24.0).collect();
    // The declaration decides what is above what, whatever was seen.
    let mut edges: Vec<&Edge> = graph.edges.iter().collect();
    edges.sort_by_key(|edge| edge.standing);
    let ends: Vec<_> = edges.iter().map(|edge| (edge.outer, edge.inner)).collect();
    let layout = layout::place(&widths, &ends);
    let mut text = String::new();
    // Writing into a string does not fail.
    let _ = draw(&mut text, graph, &edges, &widths, &layout);
    text
}

fn draw(text: &mut String, graph: &Graph, edges: &[&Edge], widths: &[f64], layout: &Layout) -> std::fmt::Result {
    let (width, height) = (layout.width, layout.height);
    writeln!(
        text,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0} {height:.0}" width="{width:.0}" height="{height:.0}">"#
    )?;
    writeln!(text, "<title>Which locks are taken inside which</title>\n<style>{STYLE}</style>")?;
    writeln!(
        text,
        r##"<defs><marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto-start-reverse"><path d="M0 0L10 5L0 10z" fill="context-stroke"/></marker></defs>
<rect width="100%" height="100%" fill="#fff"/>"##
    )?;
    for (edge, line) in edges.iter().zip(&layout.lines) {
        let never = if edge.seen.is_none() { " never" } else { "" };
        let (class, path) = (edge.standing.name(), curve(edge, line));
        writeln!(text, r#"<g><title>{}</title>"#, escape(&describe(graph, edge)))?;
        writeln!(text, r#"<path class="edge {class}{never}" d="{path}" marker-end="url(#arrow)"/>"#)?;
        let (x, y) = middle(edge, line);
        match &edge.seen {
            Some(seen) => writeln!(text, r#"<text class="count" x="{x:.0}" y="{y:.0}">{}</text></g>"#, seen.times)?,
            None => writeln!(text, r#"<text class="count unseen" x="{x:.0}" y="{y:.0}">never</text></g>"#)?,
        }
    }
    for ((class, &(x, y)), width) in graph.classes.iter().zip(&layout.boxes).zip(widths) {
        let (left, top) = (x - width / 2.0, y - BOX / 2.0);
        let round = if class.is_wait { BOX / 2.0 } else { 4.0 };
        writeln!(text, "<g><title>{}</title>", escape(&class.protects))?;
        writeln!(
            text,
            r#"<rect class="class" x="{left:.0}" y="{top:.0}" width="{width:.0}" height="{BOX:.0}" rx="{round:.0}"/>"#
        )?;
        writeln!(text, r#"<text x="{x:.0}" y="{:.0}">{}</text></g>"#, y + 5.0, escape(&class.name))?;
    }
    writeln!(text, "</svg>")
}

/// All that is known of an edge.
pub(super) fn describe(graph: &Graph, edge: &Edge) -> String {
    let (outer, inner) = (&graph.classes[edge.outer].name, &graph.classes[edge.inner].name);
    let mut text = format!("{outer}, then {inner} ({})", edge.standing.name());
    if let Some(why) = &edge.why {
        text += &format!("\n{why}");
    }
    match &edge.seen {
        Some(seen) => {
            let [outer, inner] = &seen.sites;
            text += &format!("\nseen {} times, first by CPU {}: {outer}, then {inner}", seen.times, seen.cpu);
        }
        None => text += "\nnever seen",
    }
    text
}

fn is_loop(edge: &Edge) -> bool {
    edge.outer == edge.inner
}

/// A smooth line through all points, going straight down at each; a line back up swings out to the right.
fn curve(edge: &Edge, line: &[Point]) -> String {
    let (x, y) = line[0];
    if is_loop(edge) {
        let (right, half) = (x + 40.0, BOX / 2.0);
        let (up, down) = (y - half, y + half);
        return format!(
            "M{:.0} {up:.0}C{right:.0} {:.0} {right:.0} {:.0} {:.0} {down:.0}",
            x + 20.0,
            up - 30.0,
            down + 30.0,
            x + 20.0
        );
    }
    let (end_x, end_y) = line[line.len() - 1];
    if end_y <= y {
        let (swing, out) = (x.max(end_x) + 120.0, BOX / 2.0);
        return format!("M{x:.0} {:.0}C{swing:.0} {y:.0} {swing:.0} {end_y:.0} {end_x:.0} {:.0}", y - out, end_y + out);
    }
    let mut path = format!("M{x:.0} {y:.0}");
    for two in line.windows(2) {
        let ((x, y), (to_x, to_y)) = (two[0], two[1]);
        let bend = (to_y - y) / 2.0;
        path += &format!("C{x:.0} {:.0} {to_x:.0} {:.0} {to_x:.0} {to_y:.0}", y + bend, to_y - bend);
    }
    path
}

/// Where the number of an edge stands.
fn middle(edge: &Edge, line: &[Point]) -> Point {
    let last = line.len() - 1;
    if is_loop(edge) {
        return (line[0].0 + 62.0, line[0].1 + 4.0);
    }
    if line[last].1 <= line[0].1 {
        return (line[0].0.max(line[last].0) + 90.0, f64::midpoint(line[0].1, line[last].1));
    }
    // On the first part: further down, lines meet.
    (line[0].0 * 0.6 + line[1].0 * 0.4, line[0].1 * 0.58 + line[1].1 * 0.42)
}

/// Text for XML and HTML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::super::graph::tests::EXAMPLE;
    use super::*;

    #[test]
    fn the_picture_has_every_class_and_every_edge() {
        let graph = Graph::parse(EXAMPLE.lines()).expect("sound");
        let picture = svg(&graph);
        for class in &graph.classes {
            assert!(picture.contains(&format!(">{}</text>", class.name)), "{}", class.name);
        }
        for edge in &graph.edges {
            assert!(picture.contains(&escape(&describe(&graph, edge))), "{edge:?}");
        }
        assert_eq!(picture.matches("class=\"edge ").count(), graph.edges.len());
        assert_eq!(picture.matches(">never</text>").count(), 2);
        assert!(!picture.contains("an env's <page>"));
        // Every element that is opened is closed.
        for name in ["g", "title", "text", "svg", "defs", "style"] {
            let (opened, closed) = (format!("<{name}"), format!("</{name}>"));
            let opened = picture.matches(&opened).filter(|_| true).count();
            assert!(opened >= picture.matches(&closed).count() && picture.contains(&closed), "{name}");
        }
    }
}
