//! Every lock and every fence in turn: leave it out, run the kernel's tests on the host, see whether one notices.
//!
//! Locks are left out while the tests run (feature `sweep` of `kernel/sync`), so one build does for all of them; so are
//! orderings in the files that `kernel/model` runs, where the models look. Elsewhere a fence, or an ordering stronger than
//! relaxed, is changed in a copy of the source: each takes a build of its own.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use regex::Regex;

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
}

/// What is acquired, or ordered, and where it is not: tests, and the machine of the tests.
const ACQUIRES: &str = r"\.lock\(\)|lock_pair\(&|with_queue\(|\.life\(\)|\.space\(\)|lock_life\(|lock_spaces?\(|(SLOTS|FREE)\.(take|give)\(";
const DECLARES: &str = r"\bfn |^\s*//|\buse ";
const ORDERS: &str = r"Ordering::(SeqCst|Acquire|Release|AcqRel)";
const KERNEL: &[&str] = &["--package", "kernel", "--lib"];
const ELSEWHERE: [&str; 3] = ["/tests/", "/host/", "/x86/"];

/// A watch-dog for one run of all tests, on a busy host; and for building.
const LIMIT: Duration = Duration::from_secs(10 * 60);

/// What came of one place.
enum Fate {
    Noticed(String, Duration),
    Missed,
    NeverCame,
    Broken(String),
}

/// Leaves out one place after the other, those whose `FILE:LINE` has one of `names` in it, and says what came of each.
///
/// # Errors
/// When the good tree does not build.
pub fn sweep(what: Sweep, names: &[String]) -> Result<Outcome> {
    let tree = Tree::open(0)?;
    let pattern = if what == Sweep::Locks { ACQUIRES } else { ORDERS };
    let wanted = |place: &String| names.is_empty() || names.iter().any(|name| place.contains(name.as_str()));
    let mut places: Vec<_> = places(tree.root(), pattern)?.into_iter().filter(wanted).collect();
    if what == Sweep::Orders {
        let models = fs::read_to_string(tree.root().join("kernel/model/src/lib.rs"))?;
        places.retain(|place| is_modelled(place, &models));
    }
    ensure!(!places.is_empty(), "no place has such a name");
    let mut progress = Progress::new();
    progress.say("building");
    let mut program = match what {
        Sweep::Locks => Some(("JOS_LEAVE_OUT", tests(&tree, &[KERNEL, &["--features", "kernel/sweep"]].concat())?)),
        Sweep::Orders => Some(("JOS_RELAX", tests(&tree, &["--package", "model"])?)),
        Sweep::Fences => None,
    };
    let mut counts = [0; 4];
    for (number, place) in places.iter().enumerate() {
        if interrupt::seen() {
            break;
        }
        progress.say(&format!("{} of {}: {place}", number + 1, places.len()));
        let fate = match &mut program {
            Some((variable, program)) => run(program.env(variable, place), &tree, true)?,
            None => relaxed(&tree, place)?,
        };
        let (index, text) = match fate {
            Fate::Noticed(by, after) => (0, format!("noticed by {by} after {:.1} s", after.as_secs_f64())),
            Fate::Missed => (1, "MISSED".to_owned()),
            Fate::NeverCame => (2, "not run by any test".to_owned()),
            Fate::Broken(why) => (3, format!("ERROR {why}")),
        };
        counts[index] += 1;
        progress.line(&format!("| {place} | {text} |"));
    }
    tree.restore()?;
    let [noticed, missed, never, broken] = counts;
    println!("{noticed} noticed, {missed} missed, {never} not run, {broken} errors, of {} places", places.len());
    Ok(if interrupt::seen() {
        Outcome::Interrupted
    } else if missed + broken == 0 {
        Outcome::Good
    } else {
        Outcome::Failed
    })
}

/// Every `FILE:LINE` of the kernel that has the pattern in its code.
fn places(root: &Path, pattern: &str) -> Result<BTreeSet<String>> {
    let (pattern, not) = (Regex::new(pattern)?, Regex::new(DECLARES)?);
    let mut places = BTreeSet::new();
    let mut folders = vec![root.join("kernel/src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path.strip_prefix(root)?.to_string_lossy().into_owned();
            if ELSEWHERE.iter().any(|part| format!("{name}/").contains(part)) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let lines = fs::read_to_string(&path)?;
            let hits = lines.lines().enumerate().filter(|(_, line)| pattern.is_match(line) && !not.is_match(line));
            places.extend(hits.map(|(index, _)| format!("{name}:{}", index + 1)));
        }
    }
    Ok(places)
}

/// Whether the file of `place` is among those that the models' `lib.rs` includes.
fn is_modelled(place: &str, models: &str) -> bool {
    let file = place.strip_prefix("kernel/").and_then(|place| place.split(':').next());
    file.is_some_and(|file| models.contains(&format!("\"../../{file}\"")))
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
fn run(command: &mut Command, tree: &Tree, counted: bool) -> Result<Fate> {
    let started = Instant::now();
    let failed = |line: &str| line.starts_with("test ") && line.ends_with("FAILED");
    let watched = watch(command, LIMIT, failed)?;
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
        Ok(mut command) => run(&mut command, tree, false),
        Err(why) => Ok(Fate::Broken(format!("{why:#}").lines().last().unwrap_or_default().to_owned())),
    }
}

/// A line without its fence; without the locked instruction, where the old value is not wanted; relaxed, in any case.
fn weakened(line: &str) -> Result<String> {
    let fence = Regex::new(r"\bfence\(Ordering::\w+\);")?.replace(line, "");
    let swap = Regex::new(r"^(\s*[\w.\[\]]+)\.swap\(")?.replace(&fence, "$1.store(");
    Ok(Regex::new(ORDERS)?.replace_all(&swap, "Ordering::Relaxed").into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_code_and_no_declarations() {
        let places = places(crate::paths::root(), ACQUIRES).unwrap();
        assert!(places.len() > 30, "{places:?}");
        assert!(places.iter().any(|place| place.starts_with("kernel/src/sched.rs:")));
        assert!(!places.iter().any(|place| place.contains("/tests/")));
    }

    #[test]
    fn the_models_have_some_of_the_files() {
        let models = fs::read_to_string(crate::paths::root().join("kernel/model/src/lib.rs")).unwrap();
        let modelled = places(crate::paths::root(), ORDERS).unwrap();
        let count = modelled.iter().filter(|place| is_modelled(place, &models)).count();
        assert!(count > 20 && count < modelled.len(), "{count} of {}", modelled.len());
    }

    #[test]
    fn a_line_is_weakened() {
        assert_eq!(weakened("    fence(Ordering::SeqCst);").unwrap(), "    ");
        let swap = "    here.user_slot.swap(slot as u32 + 1, Ordering::SeqCst);";
        assert_eq!(weakened(swap).unwrap(), "    here.user_slot.store(slot as u32 + 1, Ordering::Relaxed);");
        let used = "    let old = slot.swap(0, Ordering::SeqCst);";
        assert_eq!(weakened(used).unwrap(), "    let old = slot.swap(0, Ordering::Relaxed);");
    }
}
