//! `jos lockgraph`: what a load teaches the kernel's lock checker, as a picture and a page to look at.
//!
//! The kernel runs programs until the time is over, and is asked in its monitor what it has learned (`lockgraph`,
//! `lockgraph --suggest`, `lockstat`). Nothing but a browser is needed to look at the result.

mod graph;
mod layout;
mod page;
mod picture;

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::guest::{Event, Guest};
use crate::interrupt;
use crate::kernel_build::{self, Build, Image, Mode, Profile};
use crate::outcome::Outcome;
use crate::paths;
use crate::programs::{self, Program};
use crate::progress::Progress;
use crate::qemu::{Accel, Boot, Machine};
use crate::run;
use crate::serial::{Complaints, Splitter};

use graph::Graph;
use page::Findings;

/// Run a load on the debug kernel, and draw which locks it took inside which
///
/// Writes lockgraph.svg and lockgraph.html, and says which declared edges were never exercised.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Programs to run, again and again until the time is over; each has to come to an end [default: a mix].
    #[arg(value_name = "PROGRAM")]
    pub programs: Vec<String>,
    /// Number of CPUs of the guest.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=255))]
    pub cpus: u16,
    /// How long to go on starting programs.
    #[arg(long, value_name = "S", default_value_t = 10)]
    pub seconds: u64,
    /// Fine-grained locks, or one big lock.
    #[arg(long, value_enum, default_value_t = Build::Fine)]
    pub build: Build,
    /// How much the kernel watches of its locks: `full` adds what they cost.
    #[arg(long, value_enum, default_value_t = Mode::Full)]
    pub mode: Mode,
    /// Where to write the two files [default: target/jos].
    #[arg(long, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
}

/// What runs if no program is named: together they use every path that takes two locks.
const MIX: [&str; 4] = ["stress:1:100:4", "sendpage", "forktree", "hostile_kill"];

/// Watch-dog: how long a program may take that should come to an end.
const LIMIT: Duration = Duration::from_secs(300);

const PROMPT: &str = "K> ";

/// What the monitor is asked in the end, in this order.
const QUESTIONS: [&str; 4] = ["lockgraph", "lockgraph --suggest", "lockstat", "poweroff"];

/// Runs the sub-command.
///
/// # Errors
/// When a program is unknown or does not end, the kernel does not build or has no graph, or a file can't be written.
pub fn lockgraph(options: &Options) -> Result<Outcome> {
    let Some(drawn) = draw(options)? else { return Ok(Outcome::Interrupted) };
    println!("{}", drawn.coverage);
    drawn.files.iter().for_each(|file| println!("{}", file.display()));
    let mut complaints = Complaints::default();
    drawn.lines.iter().for_each(|line| complaints.look(line));
    complaints.lines.iter().for_each(|line| println!("{line}"));
    Ok(if complaints.any() { Outcome::KernelFault } else { Outcome::Good })
}

/// What came of a load.
#[derive(Debug)]
pub struct Drawn {
    /// All that the kernel printed.
    pub lines: Vec<String>,
    /// How many of the declared edges were seen, and which were not.
    pub coverage: String,
    /// The picture and the page.
    pub files: [PathBuf; 2],
}

/// Runs the load and writes the files. `None` after Ctrl-C.
///
/// # Errors
/// As [`lockgraph()`].
pub fn draw(options: &Options) -> Result<Option<Drawn>> {
    let named: Vec<&str> = match &options.programs[..] {
        [] => MIX.to_vec(),
        named => named.iter().map(String::as_str).collect(),
    };
    let programs = named.iter().map(|typed| programs::parse(typed)).collect::<Result<Vec<_>>>()?;
    let image = kernel_build::build_watching(options.build, Profile::Debug, Some(options.mode))?;
    let (lines, interrupted) = watch(options, &image, &programs)?;
    if interrupted {
        return Ok(None);
    }
    let Options { cpus, seconds, build, mode, .. } = options;
    let load =
        format!("Seen on {cpus} CPUs of the {build} kernel (mode {mode}) in {seconds} s of: {}.", named.join(", "));
    let findings = findings(load, &lines).with_context(|| format!("the kernel said:\n{}", tail(&lines)))?;
    let folder = options.output.clone().unwrap_or_else(paths::products);
    let files = ["lockgraph.svg", "lockgraph.html"].map(|name| folder.join(name));
    for (file, text) in files.iter().zip([picture::svg(&findings.graph), page::html(&findings)]) {
        fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(Some(Drawn { lines, coverage: page::coverage_text(&findings.graph), files }))
}

/// Runs the load and asks the questions. Gives back every line, and whether somebody pressed Ctrl-C.
fn watch(options: &Options, image: &Image, programs: &[Program]) -> Result<(Vec<String>, bool)> {
    let mut guest = Guest::boot(&machine(options, image, programs)?, Stdio::piped())?;
    let started = Instant::now();
    let (mut splitter, mut lines, mut messages) = (Splitter::default(), Vec::new(), String::new());
    let mut progress = Progress::new();
    let mut again = programs.iter().cycle();
    let mut questions = QUESTIONS.iter();
    let mut asked = 0;
    let mut deadline = started + LIMIT;
    loop {
        match guest.next(Some(deadline)) {
            Event::Serial(at, bytes) => {
                lines.extend(splitter.push(at, &bytes).into_iter().map(|line| line.text));
                // The prompt stays there until the echo of what is typed.
                if splitter.partial() == PROMPT && asked <= lines.len() {
                    let left = options.seconds.saturating_sub(started.elapsed().as_secs());
                    let text = match again.next() {
                        Some(program) if left > 0 => format!("run {}", program.word()),
                        _ => (*questions.next().context("the kernel did not power off")?).to_owned(),
                    };
                    progress.say(&format!("{left} s left; {text}"));
                    guest.type_in(&format!("{text}\n"))?;
                    asked = lines.len() + 1;
                    deadline = Instant::now() + LIMIT;
                }
            }
            Event::Message(bytes) => messages.push_str(&String::from_utf8_lossy(&bytes)),
            Event::Ended if interrupt::seen() => return Ok((lines, true)),
            Event::Ended if questions.len() == 0 => return Ok((lines, false)),
            Event::Ended => bail!("the kernel ended early\n{}\n{messages}", tail(&lines)),
            Event::TimeUp => {
                bail!("nothing happened for {} s: do these programs end?\n{}", LIMIT.as_secs(), tail(&lines))
            }
            Event::Interrupted => return Ok((lines, true)),
        }
    }
}

fn tail(lines: &[String]) -> String {
    lines[lines.len().saturating_sub(30)..].join("\n")
}

fn machine(options: &Options, image: &Image, programs: &[Program]) -> Result<Machine> {
    let words = programs.iter().map(Program::word).collect();
    let mut modules = programs::modules(programs, &image.programs)?;
    modules.push(run::symbol_table(image));
    let boot = Boot::Kernel { image: image.boot.clone(), words, modules };
    Ok(Machine {
        cpus: options.cpus,
        memory: 128,
        accel: Accel::Tcg,
        threads: None,
        gdb: false,
        boot,
        extra: Vec::new(),
    })
}

/// Takes the monitor's answers from what it printed.
fn findings(load: String, lines: &[String]) -> Result<Findings> {
    let answer = |question: &str| -> Vec<&str> {
        let asked = format!("{PROMPT}{question}");
        let after = lines.iter().skip_while(|line| **line != asked).skip(1);
        after.map(String::as_str).take_while(|line| !line.starts_with(PROMPT)).collect()
    };
    let statistics = answer("lockstat").join("\n");
    Ok(Findings {
        graph: Graph::parse(answer("lockgraph").into_iter())?,
        load,
        suggestion: answer("lockgraph --suggest").join("\n"),
        statistics: Some(statistics).filter(|text| !text.starts_with("no statistics")),
    })
}

#[cfg(test)]
mod tests {
    use super::graph::tests::EXAMPLE;
    use super::*;

    #[test]
    fn the_answers_are_found_in_what_the_monitor_prints() {
        let text = format!(
            "hello, world\nK> lockgraph\n{EXAMPLE}1 of 2 declared edges seen\nK> lockgraph --suggest\nedge(a)\nedge(b)\n\
             K> lockstat\nno statistics in this build\nK> poweroff\n"
        );
        let lines: Vec<_> = text.lines().map(str::to_owned).collect();
        let found = findings("a test".to_owned(), &lines).expect("sound");
        assert_eq!(found.graph.classes.len(), 4);
        assert_eq!(found.suggestion, "edge(a)\nedge(b)");
        assert!(found.statistics.is_none());
    }
}
