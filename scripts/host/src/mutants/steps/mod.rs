//! Every step of the kernel in turn, taken otherwise: a statement left out, a condition that always or never holds, a border
//! moved, another error given. Do the tests on the host notice?
//!
//! A copy of the source is rewritten once ([`plant`]), so that a number decides while the tests run which step it is. One
//! build does for all, and what no test comes to is known before.

mod edits;
mod find;
mod grammar;
mod plant;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use self::plant::{Place, plant, tests};
use super::Share;
use super::jobs::{each, lock};
use super::sweep::{Counts, Fate, KERNEL, LIMIT, MODELS, run};
use super::tree::Tree;
use super::watch::{End, watch};
use crate::outcome::Outcome;
use crate::progress::Progress;

const LOCKS: &[&str] = &["--package", "sync", "--lib", "--tests"];
/// What looks, those first that end first.
const LOOKS: [&[&str]; 3] = [LOCKS, KERNEL, MODELS];

/// The tree of this sweep alone: rewritten files are built anew from one end to the other.
const TREE: usize = 9;

/// Which steps to take otherwise, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chosen<'a> {
    /// Parts of `FILE:LINE`; none for all.
    pub(super) names: &'a [String],
    /// A part of those.
    pub(super) share: Option<Share>,
    /// How many at once.
    pub(super) jobs: usize,
}

/// A watch-dog: so much longer than on the good kernel, and as much again as building nothing takes on a busy host.
const PATIENCE: u32 = 3;
const START: Duration = Duration::from_secs(60);

/// One test, or a few of the same name; the steps that it comes to, and how long that took.
struct Test {
    which: &'static [&'static str],
    name: String,
    seen: BTreeSet<usize>,
    took: Duration,
}

/// Takes one step after the other otherwise, and says what came of each.
///
/// # Errors
/// When the rewritten tree does not build, or its tests fail before anything is done otherwise.
pub(super) fn sweep(chosen: Chosen<'_>) -> Result<Outcome> {
    let tree = Tree::open(TREE)?;
    let progress = Mutex::new(Progress::new());
    let say = |text: &str| lock(&progress).say(text);
    say("building");
    let places = plant(&tree, &LOOKS)?;
    let numbers = numbers(&places, chosen)?;
    let names = LOOKS.into_iter().map(|which| names(&tree, which)).collect::<Result<Vec<_>>>()?.concat();
    let seen = each(&names, chosen.jobs, |_, index, (which, name)| {
        say(&format!("what the good kernel comes to: {} of {}, {name}", index + 1, names.len()));
        let started = Instant::now();
        let seen = seen(&tree, index, which, name)?;
        Ok(Test { which, name: name.clone(), seen, took: started.elapsed() })
    })?;
    let tests: Vec<_> = seen.into_iter().flatten().collect();
    let counts = Mutex::new(Counts::default());
    each(&numbers, chosen.jobs, |_, index, &number| {
        let Place { name, what } = &places[number];
        say(&format!("{} of {}: {name}", index + 1, numbers.len()));
        let fate = otherwise(number, &tests, &tree)?;
        let text = lock(&counts).add(&fate);
        lock(&progress).line(&format!("| {name} | {what} | {text} |"));
        Ok(())
    })?;
    Ok(lock(&counts).verdict("steps"))
}

/// The steps that are meant.
fn numbers(places: &[Place], chosen: Chosen<'_>) -> Result<Vec<usize>> {
    let named = |place: &Place| chosen.names.is_empty() || chosen.names.iter().any(|name| place.name.contains(name));
    let numbers = (0..places.len()).filter(|number| named(&places[*number])).enumerate();
    let mine = numbers.filter(|(index, _)| chosen.share.is_none_or(|share| share.has(*index)));
    let numbers: Vec<_> = mine.map(|(_, number)| number).collect();
    ensure!(!numbers.is_empty(), "no step is at such a place");
    Ok(numbers)
}

/// The names of the tests of `which`.
fn names(tree: &Tree, which: &'static [&'static str]) -> Result<Vec<(&'static [&'static str], String)>> {
    let listed = watch(tests(tree, which)?.args(["--", "--list", "--format", "terse"]), LIMIT, |_| false)?;
    ensure!(matches!(listed.end, End::Exit(status) if status.success()), "no list of tests:\n{}", listed.tail(5));
    let names: BTreeSet<_> = listed.lines.iter().filter_map(|line| line.strip_suffix(": test")).collect();
    ensure!(!names.is_empty(), "there are no tests in {which:?}");
    Ok(names.into_iter().map(|name| (which, name.to_owned())).collect())
}

/// Some tests of `which`, for the copy.
fn looking<'a>(tree: &Tree, which: &[&str], names: impl IntoIterator<Item = &'a str>) -> Result<Command> {
    let mut command = tests(tree, which)?;
    command.args(["--", "--test-threads", "1", "--exact"]).args(names);
    Ok(command)
}

/// Which steps a test comes to.
fn seen(tree: &Tree, index: usize, which: &[&str], name: &str) -> Result<BTreeSet<usize>> {
    let file = tree.root().with_file_name(format!("seen_{index}.txt"));
    // There is none before the first time, nor if it comes to nothing.
    _ = fs::remove_file(&file);
    let watched = watch(looking(tree, which, [name])?.env("JOS_STEPS_SEEN", &file), LIMIT, |_| false)?;
    ensure!(
        matches!(watched.end, End::Exit(status) if status.success()),
        "the good kernel fails:\n{}",
        watched.tail(20)
    );
    let text = fs::read_to_string(&file).unwrap_or_default();
    _ = fs::remove_file(&file);
    Ok(text.lines().filter_map(|line| line.parse().ok()).collect())
}

/// Runs all the tests that come to a step, until one notices that it is taken otherwise.
fn otherwise(number: usize, tests: &[Test], tree: &Tree) -> Result<Fate> {
    let mut fate = Fate::NeverCame;
    for which in LOOKS {
        let come: Vec<_> = tests.iter().filter(|test| test.which == which && test.seen.contains(&number)).collect();
        if come.is_empty() {
            continue;
        }
        let limit = START + PATIENCE * come.iter().map(|test| test.took).sum::<Duration>();
        let mut command = looking(tree, which, come.iter().map(|test| test.name.as_str()))?;
        fate = run(command.env("JOS_STEP", number.to_string()), limit, tree, false)?;
        if !matches!(fate, Fate::Missed) {
            break;
        }
    }
    Ok(fate)
}
