//! The graph as the kernel's monitor prints it (`lockgraph`): classes of locks, and which is taken inside which.

use std::sync::LazyLock;

use anyhow::{Context, Result, bail};
use regex::Regex;

/// A class of locks, or a wait that is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Class {
    pub(super) name: String,
    pub(super) is_wait: bool,
    /// What it protects.
    pub(super) protects: String,
}

/// What an edge is in the declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// Declared, and the kernel does it.
    Needed,
    /// Declared as no mistake.
    Allowed,
    /// Follows from declared edges.
    Implied,
    /// Two of one class, in the order of their keys.
    Pair,
    /// Not declared.
    Undeclared,
}

/// One class is taken, or may be, while the other is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    /// Indices of the classes.
    pub(super) outer: usize,
    pub(super) inner: usize,
    pub(super) standing: Standing,
    /// How often it was seen, and where first; `None` if never.
    pub(super) seen: Option<Seen>,
    /// Why it is declared, and where.
    pub(super) why: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) times: u64,
    pub(super) cpu: String,
    /// Where the outer lock was taken, and where the inner one was wanted.
    pub(super) sites: [String; 2],
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Graph {
    pub(super) classes: Vec<Class>,
    pub(super) edges: Vec<Edge>,
}

impl Standing {
    const NAMES: [(&str, Self); 5] = [
        ("needed", Self::Needed),
        ("allowed", Self::Allowed),
        ("implied", Self::Implied),
        ("pair", Self::Pair),
        ("undeclared", Self::Undeclared),
    ];

    fn parse(text: &str) -> Result<Self> {
        let found = Self::NAMES.iter().find(|(name, _)| *name == text);
        found.map(|&(_, standing)| standing).with_context(|| format!("there is no kind of edge {text:?}"))
    }

    /// Its name in the kernel's output, and as a class of the picture.
    pub(super) fn name(self) -> &'static str {
        Self::NAMES.iter().find(|&&(_, standing)| standing == self).map_or("", |&(name, _)| name)
    }
}

impl Graph {
    /// Reads what `lockgraph` printed.
    pub(super) fn parse<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Self> {
        static NODE: LazyLock<Regex> = LazyLock::new(|| pattern(r#"^  "([^"]+)" \[(.*)\];$"#));
        static EDGE: LazyLock<Regex> = LazyLock::new(|| pattern(r#"^  "([^"]+)" -> "([^"]+)" \[(.*)\];$"#));
        let mut graph = Self::default();
        for line in lines {
            if let Some(found) = EDGE.captures(line) {
                graph.edges.push(graph.edge(&found[1], &found[2], &found[3])?);
            } else if let Some(found) = NODE.captures(line) {
                let (name, is_wait) = (found[1].to_owned(), attribute(&found[2], "shape") == Some("ellipse"));
                let protects = attribute(&found[2], "tooltip").unwrap_or_default().to_owned();
                graph.classes.push(Class { name, is_wait, protects });
            }
        }
        if graph.classes.is_empty() {
            bail!("the kernel has no graph to show: does this build check the order of locks?");
        }
        Ok(graph)
    }

    fn edge(&self, outer: &str, inner: &str, attributes: &str) -> Result<Edge> {
        static FIRST: LazyLock<Regex> = LazyLock::new(|| pattern(r"^first by CPU (\d+): (.*), then (.*)$"));
        let seen = attribute(attributes, "tooltip").and_then(|text| FIRST.captures(text)).map(|first| Seen {
            times: attribute(attributes, "label").and_then(|times| times.parse().ok()).unwrap_or_default(),
            cpu: first[1].to_owned(),
            sites: [first[2].to_owned(), first[3].to_owned()],
        });
        Ok(Edge {
            outer: self.class(outer)?,
            inner: self.class(inner)?,
            standing: Standing::parse(attribute(attributes, "class").unwrap_or_default())?,
            seen,
            why: attribute(attributes, "comment").map(str::to_owned),
        })
    }

    fn class(&self, name: &str) -> Result<usize> {
        let at = self.classes.iter().position(|class| class.name == name);
        at.with_context(|| format!("an edge names the class {name:?}, which there is not"))
    }

    /// How many of the edges that the kernel needs were seen, and those that were not.
    pub(super) fn coverage(&self) -> (usize, Vec<&Edge>) {
        let needed = self.edges.iter().filter(|edge| edge.standing == Standing::Needed);
        let (seen, missing): (Vec<_>, Vec<_>) = needed.partition(|edge| edge.seen.is_some());
        (seen.len(), missing)
    }
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a constant")
}

/// The value of `name="value"` among `attributes`.
fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let start = format!("{name}=\"");
    let is_start = |&(at, _): &(usize, &str)| at == 0 || attributes[..at].ends_with(", ");
    let (at, _) = attributes.match_indices(&start).find(is_start)?;
    attributes[at + start.len()..].split('"').next()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// As the kernel prints it: one edge of each kind.
    pub(in super::super) const EXAMPLE: &str = r#"digraph "locks" {
  node [shape=box];
  "env life" [shape="box", tooltip="an env's status"];
  "env ipc" [shape="box", tooltip="an env's mailbox"];
  "env vm" [shape="box", tooltip="an env's <page> tables"];
  "cpu answer" [shape="ellipse", tooltip="no data"];
  "env life" -> "env ipc" [class="needed", color="black", style="solid", label="12", tooltip="first by CPU 3: a.rs:1, then b.rs:2", comment="a message is for an env that lives (rank.rs:9)"];
  "env ipc" -> "env vm" [class="needed", color="black", style="dotted", comment="a message and its page (rank.rs:10)"];
  "env life" -> "env vm" [class="implied", color="blue", style="solid", label="1", tooltip="first by CPU 0: a.rs:1, then c.rs:3"];
  "env vm" -> "env vm" [class="pair", color="blue", style="solid", label="5", tooltip="first by CPU 0: d.rs:1, then d.rs:2"];
  "env vm" -> "cpu answer" [class="allowed", color="gray", style="dotted", comment="an entry is gone (rank.rs:11)"];
  "cpu answer" -> "env life" [class="undeclared", color="red", style="solid", label="2", tooltip="first by CPU 1: e.rs:1, then e.rs:2"];
}
"#;

    #[test]
    fn the_kernels_own_words_are_read() {
        let graph = Graph::parse(EXAMPLE.lines()).expect("sound");
        assert_eq!(graph.classes.len(), 4);
        assert!(graph.classes[3].is_wait && !graph.classes[0].is_wait);
        let first = &graph.edges[0];
        let seen = first.seen.as_ref().expect("seen");
        assert_eq!((first.outer, first.inner, seen.times, seen.cpu.as_str()), (0, 1, 12, "3"));
        assert_eq!(seen.sites, ["a.rs:1", "b.rs:2"]);
        assert_eq!((graph.edges[1].seen.as_ref(), graph.edges[1].standing), (None, Standing::Needed));
        let (seen, missing) = graph.coverage();
        assert_eq!((seen, missing), (1, vec![&graph.edges[1]]));
    }

    #[test]
    fn a_kernel_without_a_graph_is_told_from_an_empty_one() {
        let message = Graph::parse("nothing was learned".lines()).expect_err("no classes").to_string();
        assert!(message.contains("does this build check"), "{message}");
        let unknown = r#"  "a" -> "b" [class="needed"];"#;
        assert!(Graph::parse(unknown.lines()).is_err());
    }
}
