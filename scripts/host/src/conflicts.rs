//! `jos conflicts`: which system calls get into each other's way though by specification they commute.
//!
//! Two calls commute when no program could tell which came first: here each of two programs makes every call on things
//! that are only its own. Such calls can be made to scale by giving each its own memory (Clements et al., "The scalable
//! commutativity rule", SOSP 2013). So the program `conflict` runs on two CPUs of the rig, which notes the lines of
//! memory the kernel touches for each call. Two calls conflict if one writes a line that the other, on the other CPU,
//! reads or writes.

mod pairs;
mod symbols;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::{Value, json};

use crate::bench::places::Places;
use crate::kernel_build::{self, Build, Profile};
use crate::outcome::Outcome;
use crate::programs::Program;
use crate::rig::{self, Settings, SpinSite, footprints::Touch};
use pairs::{Line, Pair};
use symbols::Symbols;

/// The calls of the program `conflict`, by kind less one, with what they are done to.
pub const CALLS: [(&str, &str); 12] = [
    ("getenvid", ""),
    ("yield", "nobody else wants this CPU"),
    ("page_alloc", "own page"),
    ("page_unmap", "own page"),
    ("page_map", "own page to own page"),
    ("page_map child", "own page into own child"),
    ("page_unmap child", "page of own child"),
    ("exofork", ""),
    ("env_destroy", "own child"),
    ("env_set_status", "own child"),
    ("env_set_upcall", "own child"),
    ("ipc_try_send", "own child, which refuses"),
];

/// What is looked at: this many of each call, alone and while the other CPU is at it.
const ROUNDS: u32 = 64;

/// Show which memory system calls share although they have nothing to do with each other
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Fine-grained locks, or one big lock.
    #[arg(long, value_enum, default_value_t = Build::Fine)]
    build: Build,
    /// The rig's seed.
    #[arg(long, value_name = "X", default_value_t = 1)]
    seed: u64,
    /// Write the results here, too, for machines.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// What was found.
pub struct Findings {
    /// Every pair of calls, those without a conflict included.
    pub pairs: Vec<Pair>,
    /// The lines that are in a conflict.
    pub lines: Vec<Named>,
}

/// A line that two calls share, and what it is.
pub struct Named {
    /// The line and who shares it.
    pub line: Line,
    /// What lies in it.
    pub symbol: String,
    /// Where it is written and where it is read.
    pub places: Vec<String>,
}

impl Named {
    /// Whether it is shared because of what JOS has fixed: records of 124 bytes at UENVS, whose slots go in the order in
    /// which envs are made, on whatever CPU (the grader's `primes` on four CPUs looks at that).
    #[must_use]
    pub fn is_of_the_interface(&self) -> bool {
        self.symbol.starts_with("kernel::env::table::RECORDS") && !self.symbol.contains(", ")
    }
}

/// Runs the sub-command.
///
/// # Errors
/// When something does not build or QEMU does not start, or the program did not get to its end.
pub fn conflicts(options: &Options) -> Result<Outcome> {
    let findings = find(options.build, options.seed)?;
    println!("{}", table(&findings.pairs));
    for named in &findings.lines {
        println!("{}", describe(named));
    }
    let free = findings.pairs.iter().filter(|pair| pair.lines.is_empty()).count();
    println!("{free} of {} pairs are free of conflicts ({} build)", findings.pairs.len(), options.build);
    if let Some(file) = &options.json {
        let text = serde_json::to_string_pretty(&as_json(options.build, &findings))? + "\n";
        fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(Outcome::Good)
}

/// Measures and compares.
///
/// # Errors
/// As for [`conflicts`].
pub fn find(build: Build, seed: u64) -> Result<Findings> {
    let image = kernel_build::build(build, Profile::Release)?;
    let program = Program { name: "conflict".to_owned(), arguments: vec![ROUNDS.to_string()], file: None };
    let settings = Settings { seed, warmup: 0, window: u64::MAX / 2, footprints: true, ..Settings::default() };
    let point = match rig::measure(&image, &program, 2, &settings)? {
        Ok(point) => point,
        Err(why) => bail!("the program conflict: {why}"),
    };
    let kinds = u32::try_from(CALLS.len())?;
    let seen = |kind| point.footprints.iter().any(|(&(_, there), it)| there == kind && it.operations > 0);
    if !(1..=kinds).all(|kind| seen(kind) && seen(kind + pairs::SECOND)) {
        bail!("not every call was seen from both workers");
    }
    let pairs = pairs::all(&point.footprints, kinds);
    let (symbols, places) = (Symbols::of(&image.kernel)?, Places::of(&image.kernel)?);
    let lines = pairs::lines(&pairs).into_iter().map(|line| name(line, &symbols, &places)).collect();
    Ok(Findings { pairs, lines })
}

fn name(line: Line, symbols: &Symbols, places: &Places) -> Named {
    let place = |what: &str, touch: &Touch| {
        let Some((&pc, callers)) = touch.way.split_first() else { return String::new() };
        let place = places.who(&SpinSite { pc, callers: callers.to_vec(), ticks: 0 });
        format!("{what} at {} in {}: {}", place.at, place.function, place.code)
    };
    let mut told: Vec<String> = line.writers.iter().map(|touch| place("written", touch)).collect();
    told.extend(line.readers.iter().map(|touch| place("read", touch)));
    told.sort();
    told.dedup();
    Named { symbol: symbols.at(line.address), line, places: told }
}

/// A triangle: a point where there is no conflict, else the number of lines.
fn table(pairs: &[Pair]) -> String {
    let mut text = String::new();
    for (row, (name, on)) in CALLS.iter().enumerate() {
        text += &format!("{:>2} {name:<17}", row + 1);
        for column in 0..=row {
            let pair = pairs.iter().find(|pair| pair.kinds == (column as u32 + 1, row as u32 + 1));
            let lines = pair.map_or(0, |pair| pair.lines.len());
            text += &if lines == 0 { format!("{:>4}", ".") } else { format!("{lines:>4}") };
        }
        text += &format!("{:1$}{on}\n", "", 4 * (CALLS.len() - row) - 2);
    }
    text += &format!("{:20}", "");
    (1..=CALLS.len()).for_each(|number| text += &format!("{number:>4}"));
    text + "\n"
}

fn call(kind: u32) -> &'static str {
    CALLS[kind as usize - 1].0
}

fn describe(named: &Named) -> String {
    let line = &named.line;
    let mut text = format!("{:#010x} {}\n", line.address, named.symbol);
    let pairs: Vec<_> = line.pairs.iter().map(|(a, b)| format!("{} / {}", call(*a), call(*b))).collect();
    let more = if pairs.len() > 4 { format!(" and {} more", pairs.len() - 4) } else { String::new() };
    text += &format!(
        "    shared by {}{more}; in {:.0} % of the calls that write\n",
        pairs[..pairs.len().min(4)].join(", "),
        line.often * 100.0
    );
    if named.is_of_the_interface() {
        text += "    by JOS's layout: records of 124 bytes, slots in the order of making\n";
    }
    named.places.iter().take(6).for_each(|place| text += &format!("    {place}\n"));
    text
}

fn as_json(build: Build, findings: &Findings) -> Value {
    let pairs: Vec<_> = findings
        .pairs
        .iter()
        .map(|pair| json!({ "calls": [call(pair.kinds.0), call(pair.kinds.1)], "lines": pair.lines.len() }))
        .collect();
    let lines: Vec<_> = findings
        .lines
        .iter()
        .map(|named| {
            let pairs: Vec<_> = named.line.pairs.iter().map(|(a, b)| [call(*a), call(*b)]).collect();
            json!({ "address": named.line.address, "symbol": named.symbol, "places": named.places, "pairs": pairs,
                    "part_of_writing_calls": named.line.often })
        })
        .collect();
    json!({ "build": build.to_string(), "pairs": pairs, "lines": lines })
}
