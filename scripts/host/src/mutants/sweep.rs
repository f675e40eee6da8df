//! Every lock and every fence in turn: leave it out, run the models and the kernel's tests on the host, see whether one notices.
//!
//! Locks are left out while the tests run (feature `sweep` of `kernel/sync`, and `kernel/model`), so one build does for all of
//! them; so are orderings in the files that `kernel/model` runs, where the models look. Elsewhere a fence, or an ordering
//! stronger than relaxed, is changed in a copy of the source: each takes a build of its own.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;

use super::places::{is_modelled, models, places, weakened};
use super::tree::Tree;
use super::watch::{End, watch};
use crate::interrupt;
use crate::outcome::Outcome;
use crate::progress::Progress;

/// What to leave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Sweep {
    /// Each acquisition of a lock.
    Locks,
    /// Each fence, and each ordering stronger than relaxed, for the tests on the host.
    Fences,
    /// The same in the files that run in `kernel/model`, for its models.
    Orders,
    /// Each statement, condition, border and error, of the locks too: left out, turned, moved, exchanged.
    Steps,
}

pub(super) const KERNEL: &[&str] = &["--package", "kernel", "--lib"];
pub(super) const MODELS: &[&str] = &["--package", "model", "--lib"];

/// A watch-dog for one run of all tests, on a busy host; and for building.
pub(super) const LIMIT: Duration = Duration::from_secs(10 * 60);

/// What came of one place.
pub(super) enum Fate {
    /// By which test, and after how long.
    Noticed(String, Duration),
    /// By none.
    Missed,
    /// No test comes to it.
    NeverCame,
    /// It could not be tried.
    Broken(String),
}

/// How many places had each fate.
#[derive(Debug, Default)]
pub(super) struct Counts {
    noticed: usize,
    missed: usize,
    never: usize,
    broken: usize,
}

impl Counts {
    /// Counts one, and says it in words.
    pub(super) fn add(&mut self, fate: &Fate) -> String {
        let (count, text) = match fate {
            Fate::Noticed(by, after) => {
                (&mut self.noticed, format!("noticed by {by} after {:.1} s", after.as_secs_f64()))
            }
            Fate::Missed => (&mut self.missed, "MISSED".to_owned()),
            Fate::NeverCame => (&mut self.never, "not run by any test".to_owned()),
            Fate::Broken(why) => (&mut self.broken, format!("ERROR {why}")),
        };
        *count += 1;
        text
    }

    /// Prints them, and whether all is well.
    pub(super) fn verdict(&self, of: &str) -> Outcome {
        let Self { noticed, missed, never, broken } = self;
        let all = noticed + missed + never + broken;
        println!("{noticed} noticed, {missed} missed, {never} not run, {broken} errors, of {all} {of}");
        if interrupt::seen() {
            Outcome::Interrupted
        } else if missed + broken == 0 {
            Outcome::Good
        } else {
            Outcome::Failed
        }
    }
}

/// Some tests, built, that leave out what `variable` names.
struct Tests {
    variable: &'static str,
    command: Command,
    /// Whether they are the models, which have some of the kernel's files alone.
    models: bool,
}

/// Leaves out one place after the other, those whose `FILE:LINE` has one of `names` in it, and says what came of each.
///
/// # Errors
/// When the good tree does not build.
pub fn sweep(what: Sweep, names: &[String]) -> Result<Outcome> {
    let tree = Tree::open(0)?;
    let models = models(tree.root())?;
    let wanted = |place: &String| names.is_empty() || names.iter().any(|name| place.contains(name.as_str()));
    let mut places: Vec<_> = places(tree.root(), what)?.into_iter().filter(wanted).collect();
    if what == Sweep::Orders {
        places.retain(|place| is_modelled(place, &models));
    }
    ensure!(!places.is_empty(), "no place has such a name");
    let mut progress = Progress::new();
    progress.say("building");
    let mut programs = programs(what, &tree)?;
    let mut counts = Counts::default();
    for (number, place) in places.iter().enumerate() {
        if interrupt::seen() {
            break;
        }
        progress.say(&format!("{} of {}: {place}", number + 1, places.len()));
        let fate = if programs.is_empty() {
            relaxed(&tree, place)?
        } else {
            let knows = |tests: &&mut Tests| !tests.models || is_modelled(place, &models);
            without(place, programs.iter_mut().filter(knows), &tree)?
        };
        progress.line(&format!("| {place} | {} |", counts.add(&fate)));
    }
    tree.restore()?;
    Ok(counts.verdict("places"))
}

/// The tests that look for what is left out while they run, the quick ones first.
fn programs(what: Sweep, tree: &Tree) -> Result<Vec<Tests>> {
    let build = |variable, which: &[&str]| -> Result<Tests> {
        Ok(Tests { variable, command: tests(tree, which)?, models: which == MODELS })
    };
    Ok(match what {
        Sweep::Locks => vec![
            build("JOS_LEAVE_OUT", MODELS)?,
            build("JOS_LEAVE_OUT", &[KERNEL, &["--features", "kernel/sweep"]].concat())?,
        ],
        Sweep::Orders => vec![build("JOS_RELAX", MODELS)?],
        Sweep::Fences | Sweep::Steps => Vec::new(),
    })
}

/// Runs all the tests, until one notices that `place` is left out.
fn without<'a>(place: &str, programs: impl Iterator<Item = &'a mut Tests>, tree: &Tree) -> Result<Fate> {
    let mut fate = Fate::NeverCame;
    for Tests { variable, command, .. } in programs {
        match run(command.env(variable, place), LIMIT, tree, true)? {
            Fate::NeverCame => {}
            Fate::Missed => fate = Fate::Missed,
            last => return Ok(last),
        }
    }
    Ok(fate)
}

/// The command that runs some tests, built.
fn tests(tree: &Tree, which: &[&str]) -> Result<Command> {
    let cargo = || -> Result<Command> {
        let mut cargo = tree.cargo()?;
        cargo.arg("test").args(which).env("CARGO_PROFILE_DEV_DEBUG", "0");
        Ok(cargo)
    };
    let built = watch(cargo()?.arg("--no-run"), LIMIT * 2, |_| false)?;
    ensure!(matches!(built.end, End::Exit(status) if status.success()), "it does not build:\n{}", built.tail(5));
    let mut command = cargo()?;
    command.args(["--", "--test-threads", "1", "--show-output"]);
    Ok(command)
}

/// Runs all tests until one fails. `counted`: the tests say whether the place was come to.
pub(super) fn run(command: &mut Command, limit: Duration, tree: &Tree, counted: bool) -> Result<Fate> {
    let started = Instant::now();
    let failed = |line: &str| line.starts_with("test ") && line.ends_with("FAILED");
    let watched = watch(command, limit, failed)?;
    tree.keep(&watched.lines)?;
    // A test that took the whole process with it has said its name, and nothing more.
    let last = watched.lines.iter().rfind(|line| line.starts_with("test ") && !line.ends_with("... ok"));
    let last = last.and_then(|line| line.split(' ').nth(1)).unwrap_or("a test that did not end");
    let came = !counted || watched.lines.iter().any(|line| line.contains("left out: "));
    Ok(match watched.end {
        End::Exit(status) if status.success() && !came => Fate::NeverCame,
        End::Exit(status) if status.success() => Fate::Missed,
        End::Interrupted => Fate::Broken("interrupted".to_owned()),
        _ => Fate::Noticed(last.to_owned(), started.elapsed()),
    })
}

/// Makes one line relaxed, or takes its fence away, and runs the tests.
fn relaxed(tree: &Tree, place: &str) -> Result<Fate> {
    tree.restore()?;
    let (file, line) = place.rsplit_once(':').context("a place is FILE:LINE")?;
    let path = tree.root().join(file);
    let text = fs::read_to_string(&path)?;
    let mut lines: Vec<_> = text.lines().map(ToOwned::to_owned).collect();
    let line = lines.get_mut(line.parse::<usize>()? - 1).context("the line is there")?;
    *line = weakened(line)?;
    fs::write(&path, lines.join("\n") + "\n")?;
    match tests(tree, KERNEL) {
        Ok(mut command) => run(&mut command, LIMIT, tree, false),
        Err(why) => Ok(Fate::Broken(format!("{why:#}").lines().last().unwrap_or_default().to_owned())),
    }
}
