//! `jos mutants`: puts bugs into copies of the tree and sees who notices.
//!
//! Each file in `scripts/mutants` is a bug somebody could make, and names the test or the kind of lock report that has to
//! catch it ([`bug`]). [`tree`] is a copy to break, [`hunt`] builds it and lets the catcher look, for a minute at most. A
//! bug that is missed is a hole in the tests.

pub mod bug;
pub mod hunt;
mod jobs;
mod places;
mod steps;
pub mod sweep;
pub mod tree;
mod watch;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use crate::check::Count;
use crate::interrupt;
use crate::outcome::Outcome;
use crate::progress::Progress;
use bug::Bug;
use hunt::{Fate, name_of};
use jobs::{each, lock};
use sweep::Sweep;
use tree::Tree;

/// Put bugs into copies of the kernel, and see that each is caught by the test that is named for it
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Only bugs with one of these in their name or topic ("race 13") [default: all].
    names: Vec<String>,
    /// Say which bugs there are, and hunt none.
    #[arg(long)]
    list: bool,
    /// How many to hunt at once.
    #[arg(long, default_value_t = 1, value_name = "N")]
    jobs: usize,
    /// The Kth of N equal parts, as K/N.
    #[arg(long, value_name = "K/N")]
    share: Option<Share>,
    /// Do not look first whether the good kernel is silent under the same loads.
    #[arg(long)]
    trust: bool,
    /// Instead of the bugs in files: leave out each lock, fence, or step, in turn. NAMES are parts of FILE:LINE then.
    #[arg(long, value_enum)]
    sweep: Option<Sweep>,
    /// Write a copy of the tree with the one bug named into this new folder, to look for it there. Hunts none.
    #[arg(long, value_name = "FOLDER")]
    copy_to: Option<PathBuf>,
}

/// A part of the bugs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    part: usize,
    of: usize,
}

impl FromStr for Share {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (part, of) = text.split_once('/').context("as in 2/5")?;
        let share = Self { part: part.parse()?, of: of.parse()? };
        ensure!((1..=share.of).contains(&share.part), "K is from 1 to N");
        Ok(share)
    }
}

impl Share {
    fn has(self, index: usize) -> bool {
        index % self.of == self.part - 1
    }
}

/// Runs the sub-command.
///
/// # Errors
/// When a bug's file is wrong, no bug has the name, or the good kernel is not silent.
pub fn mutants(options: &Options) -> Result<Outcome> {
    if let Some(what) = options.sweep {
        let jobs = options.jobs.max(1);
        return match what {
            Sweep::Steps => steps::sweep(steps::Chosen { names: &options.names, share: options.share, jobs }),
            _ => sweep::sweep(what, &options.names),
        };
    }
    let bugs = chosen(options)?;
    if options.list {
        for bug in &bugs {
            let open = if bug.unproven { " (not seen yet)" } else { "" };
            println!("{:<34} {:<24} {}{open}\n    {}", bug.name, bug.topic, name_of(&bug.catcher), bug.about);
        }
        println!("{} bugs", bugs.len());
        return Ok(Outcome::Good);
    }
    if let Some(folder) = &options.copy_to {
        let [bug] = &bugs[..] else { bail!("--copy-to takes the name of one bug; {} fit", bugs.len()) };
        ensure!(!folder.exists(), "{} is there already", folder.display());
        tree::same(crate::paths::root(), folder)?;
        bug.apply(folder)?;
        // Its own name and cure.
        std::fs::remove_dir_all(folder.join(bug::FOLDER))?;
        println!("{} has the bug; it is to be caught by {}", folder.display(), name_of(&bug.catcher));
        return Ok(Outcome::Good);
    }
    bugs.iter().try_for_each(|bug| bug.check(crate::paths::root()))?;
    if !options.trust {
        silence(&bugs)?;
    }
    let fates = hunt_all(&bugs, options.jobs.max(1))?;
    print_table(&bugs, &fates);
    Ok(verdict(&fates))
}

/// The bugs that `options` means.
fn chosen(options: &Options) -> Result<Vec<Bug>> {
    let wanted = |bug: &Bug| {
        options.names.is_empty() || options.names.iter().any(|name| bug.name.contains(name) || bug.topic == *name)
    };
    let bugs: Vec<_> = bug::all()?.into_iter().filter(wanted).collect();
    ensure!(!bugs.is_empty(), "no bug has such a name; --list lists them");
    let mine = |index: usize| options.share.is_none_or(|share| share.has(index));
    Ok(bugs.into_iter().enumerate().filter(|(index, _)| mine(*index)).map(|(_, bug)| bug).collect())
}

/// Hunts `bugs`, `jobs` at a time, each job in a tree of its own.
fn hunt_all(bugs: &[Bug], jobs: usize) -> Result<Vec<Fate>> {
    let trees = (0..jobs).map(Tree::open).collect::<Result<Vec<_>>>()?;
    let progress = Mutex::new(Progress::new());
    let fates = each(bugs, jobs, |job, index, bug| {
        lock(&progress).say(&format!("{} of {}: {}, {}", index + 1, bugs.len(), bug.name, bug.about));
        let fate = hunt::hunt(bug, &trees[job]);
        lock(&progress).line(&row(bug, &fate));
        Ok(fate)
    })?;
    trees.iter().try_for_each(Tree::restore)?;
    Ok(fates.into_iter().map(|fate| fate.unwrap_or(Fate::Interrupted)).collect())
}

/// Sees that the good tree says nothing to any of the catchers, once for each load.
fn silence(bugs: &[Bug]) -> Result<()> {
    let (tree, mut progress) = (Tree::open(0)?, Progress::new());
    let mut seen = BTreeSet::new();
    for bug in bugs {
        // What is looked for does not matter to a kernel that says nothing.
        let load = match &bug.catcher {
            bug::Catcher::Line { load, cpus, .. } => format!("{load:?} {cpus:?}"),
            other => name_of(other),
        };
        if interrupt::seen() || !seen.insert(load) {
            continue;
        }
        progress.say(&format!("the good kernel, under the load for {}", bug.name));
        hunt::good_is_silent(&bug.catcher, &tree)?;
    }
    Ok(())
}

fn row(bug: &Bug, fate: &Fate) -> String {
    let seconds = |time: &Duration| format!("{:.1} s", time.as_secs_f64());
    let (verdict, after) = match fate {
        Fate::Caught(time) => ("caught".to_owned(), seconds(time)),
        Fate::Otherwise(what) => (format!("NOT BY NAME, but: {what}"), String::new()),
        Fate::Missed => ("MISSED".to_owned(), String::new()),
        Fate::Error(why) => (format!("ERROR {why}"), String::new()),
        Fate::Interrupted => ("interrupted".to_owned(), String::new()),
    };
    format!("| {} | {} | {} | {verdict} | {after} |", bug.name, bug.topic, name_of(&bug.catcher))
}

fn print_table(bugs: &[Bug], fates: &[Fate]) {
    println!("\n| bug | topic | to be caught by | verdict | after |\n|---|---|---|---|---|");
    for (bug, fate) in bugs.iter().zip(fates) {
        println!("{}", row(bug, fate));
    }
    let caught = fates.iter().filter(|fate| matches!(fate, Fate::Caught(_))).count();
    println!("{caught} of {} bugs caught by name", bugs.len());
}

fn verdict(fates: &[Fate]) -> Outcome {
    if interrupt::seen() {
        Outcome::Interrupted
    } else if fates.iter().all(|fate| matches!(fate, Fate::Caught(_))) {
        Outcome::Good
    } else {
        Outcome::Failed
    }
}

/// How many days the whole list takes in CI.
const DAYS: u64 = 16;

/// Today's share of the bugs, for CI: every bug has its turn once in [`DAYS`] days. That all fit the tree is a test of
/// [`bug`]; that the good kernel is silent is what all other tests are about. How many were caught, and how many not.
///
/// # Errors
/// As [`mutants`].
pub fn todays() -> Result<Count> {
    let day = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs() / 86_400;
    let share = Share { part: usize::try_from(day % DAYS)? + 1, of: usize::try_from(DAYS)? };
    println!("share {}/{} (day {day} modulo {DAYS}): scripts/jos mutants --share {0}/{1}", share.part, share.of);
    let mut bugs = chosen(&Options {
        names: Vec::new(),
        list: false,
        jobs: 1,
        share: Some(share),
        trust: true,
        sweep: None,
        copy_to: None,
    })?;
    bugs.retain(|bug| !bug.unproven);
    let fates = hunt_all(&bugs, 1)?;
    let mut count = Count::default();
    for (bug, fate) in bugs.iter().zip(&fates) {
        match fate {
            Fate::Caught(_) => count.passed += 1,
            _ => count.fail(format!("{} (scripts/jos mutants {0})", bug.name)),
        }
    }
    Ok(count)
}
