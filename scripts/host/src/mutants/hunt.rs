//! Hunting one bug: build the broken tree, let its catcher look, say what came of it.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::bug::{Bug, Catcher, Load};
use super::tree::Tree;
use super::watch::{End, Watched, watch};
use crate::kernel_build::Build;
use crate::test_program;
use crate::toolchain::Toolchain;

/// How long a catcher may look, again and again, building not included.
pub const MINUTE: Duration = Duration::from_secs(60);

/// A watch-dog for compilations on a busy host.
const BUILD_LIMIT: Duration = Duration::from_secs(20 * 60);

/// What came of a hunt.
#[derive(Clone, Debug, PartialEq)]
pub enum Fate {
    /// The named catcher saw it, on the worst number of CPUs after this time.
    Caught(Duration),
    /// Something saw it, but not what the file says: this.
    Otherwise(String),
    /// Nothing saw it in its time.
    Missed,
    /// The broken tree does not build, or the tool failed.
    Error(String),
    /// Ctrl-C.
    Interrupted,
}

/// How one look ended.
enum Look {
    Caught,
    Otherwise(String),
    Nothing,
    Interrupted,
}

/// Puts `bug` into `tree` and lets its catcher look.
pub fn hunt(bug: &Bug, tree: &Tree) -> Fate {
    let put_in = || tree.restore().and_then(|()| bug.apply(tree.root()));
    match put_in().and_then(|()| look_for(&bug.catcher, tree)) {
        Ok(fate) => fate,
        Err(error) => Fate::Error(format!("{error:#}")),
    }
}

/// Whether the good tree is silent where `catcher` looks, seen once.
///
/// # Errors
/// When it is not, or does not build.
pub fn good_is_silent(catcher: &Catcher, tree: &Tree) -> Result<()> {
    tree.restore()?;
    let all_well = |fate: &Look| matches!(fate, Look::Nothing | Look::Interrupted);
    match catcher {
        Catcher::Line { text, load, cpus } => {
            build(load.build, tree)?;
            for &cpus in cpus {
                let seen = run(load, cpus, text, MINUTE * 5, tree)?;
                anyhow::ensure!(all_well(&seen), "the good kernel is not silent: {} on {cpus} CPUs", load.programs);
            }
        }
        Catcher::Host { .. } | Catcher::Qemu(_) => {
            let mut command = catcher_command(catcher, tree)?;
            let seen = one_test(&mut command, tree)?;
            anyhow::ensure!(all_well(&seen), "the good tree fails {}", name_of(catcher));
        }
        Catcher::Compiler(_) => {}
    }
    Ok(())
}

/// The catcher, in words.
pub fn name_of(catcher: &Catcher) -> String {
    match catcher {
        Catcher::Line { text, cpus, .. } => {
            let cpus: Vec<_> = cpus.iter().map(u16::to_string).collect();
            let kind = text.strip_prefix("LOCKREPORT kind=");
            let what = kind.map_or_else(|| format!("line `{text}`"), |kind| format!("report {}", kind.trim()));
            format!("{what} on {} CPUs", cpus.join(", "))
        }
        Catcher::Host { test, features, package } => {
            let package = if package == "kernel" { String::new() } else { format!(" of {package}") };
            let features = if features.is_empty() { String::new() } else { format!(" with {features}") };
            format!("host test {test}{package}{features}")
        }
        Catcher::Qemu(name) => format!("QEMU test {name}"),
        Catcher::Compiler(text) => format!("the compiler: {text}"),
    }
}

fn look_for(catcher: &Catcher, tree: &Tree) -> Result<Fate> {
    match catcher {
        Catcher::Line { text, load, cpus } => {
            build(load.build, tree)?;
            let mut worst = Duration::ZERO;
            for &cpus in cpus {
                match again_and_again(|left| run(load, cpus, text, left, tree))? {
                    Fate::Caught(after) => worst = worst.max(after),
                    other => return Ok(other),
                }
            }
            Ok(Fate::Caught(worst))
        }
        Catcher::Host { .. } | Catcher::Qemu(_) => {
            let mut command = catcher_command(catcher, tree)?;
            again_and_again(|_| one_test(&mut command, tree))
        }
        Catcher::Compiler(text) => {
            let started = Instant::now();
            match build(Build::Fine, tree) {
                Err(error) if format!("{error:#}").contains(text) => Ok(Fate::Caught(started.elapsed())),
                Err(error) => Ok(Fate::Otherwise(format!("{error:#}"))),
                Ok(()) => Ok(Fate::Missed),
            }
        }
    }
}

/// Looks until something is seen or a minute is over.
fn again_and_again(mut look: impl FnMut(Duration) -> Result<Look>) -> Result<Fate> {
    let started = Instant::now();
    loop {
        let left = MINUTE.saturating_sub(started.elapsed());
        if left.is_zero() {
            return Ok(Fate::Missed);
        }
        match look(left)? {
            Look::Caught => return Ok(Fate::Caught(started.elapsed())),
            Look::Otherwise(what) => return Ok(Fate::Otherwise(what)),
            Look::Interrupted => return Ok(Fate::Interrupted),
            Look::Nothing => {}
        }
    }
}

fn build(build: Build, tree: &Tree) -> Result<()> {
    let mut command = tree.jos()?;
    command.args(["build", "--profile", "debug", "--build", &build.to_string()]);
    built(&watch(&mut command, BUILD_LIMIT, |_| false)?)
}

fn built(watched: &Watched) -> Result<()> {
    if matches!(watched.end, End::Exit(status) if status.success()) {
        return Ok(());
    }
    let errors = watched.lines.iter().filter(|line| line.starts_with("error") || line.contains("ld: "));
    let shown: Vec<_> = errors.take(5).map(|line| line.chars().take(300).collect::<String>()).collect();
    anyhow::bail!("it does not build: {}", if shown.is_empty() { watched.tail(5) } else { shown.join("; ") })
}

/// One run of the kernel.
fn run(load: &Load, cpus: u16, text: &str, limit: Duration, tree: &Tree) -> Result<Look> {
    let mut command = tree.jos()?;
    command.arg("run").args(load.programs.split(' ')).args(["--quiet", "--cpus", &cpus.to_string()]);
    command.args(["--build", &load.build.to_string()]);
    load.options.split_whitespace().for_each(|word| {
        command.args(["--option", word]);
    });
    let watched = watch(&mut command, limit, |line| line.contains(text))?;
    tree.keep(&watched.lines)?;
    Ok(match watched.end {
        End::Seen => Look::Caught,
        End::Exit(status) if status.success() => Look::Nothing,
        End::Exit(_) => Look::Otherwise(complaint(&watched)),
        End::TimeUp => Look::Nothing,
        End::Interrupted => Look::Interrupted,
    })
}

/// The first complaint of a kernel or a test.
fn complaint(watched: &Watched) -> String {
    let signs =
        ["LOCKREPORT", "kernel panic", "audit: LEAK", "panicked at", "FAILED", "missing", "forbidden", "scripts/jos:"];
    // What the compiler says of the change itself is none of them.
    let is_one = |line: &&String| !line.starts_with("warning:") && signs.iter().any(|sign| line.contains(sign));
    let complaint = watched.lines.iter().find(is_one);
    complaint.cloned().unwrap_or_else(|| watched.tail(3))
}

/// The command of a test, built.
fn catcher_command(catcher: &Catcher, tree: &Tree) -> Result<Command> {
    match catcher {
        Catcher::Host { test, package, features } => {
            let cargo = || -> Result<Command> {
                let mut cargo = tree.cargo()?;
                // Nobody will look at where it failed, and it is there sooner.
                cargo.args(["test", "--package", package]).env("CARGO_PROFILE_DEV_DEBUG", "0");
                if package == "kernel" {
                    cargo.arg("--lib");
                }
                if !features.is_empty() {
                    cargo.args(["--features", features]);
                }
                Ok(cargo)
            };
            built(&watch(cargo()?.arg("--no-run"), BUILD_LIMIT, |_| false)?)?;
            let mut command = cargo()?;
            command.args(["--", test]);
            Ok(command)
        }
        Catcher::Qemu(name) => {
            build(Build::Fine, tree)?;
            let program = test_program::build(&Toolchain::find()?)?.context("the tests in QEMU do not build")?;
            let mut command = Command::new(program);
            command.args(["--exact", name]);
            tree.redirect(&mut command);
            Ok(command)
        }
        _ => unreachable!("only tests have a command"),
    }
}

fn one_test(command: &mut Command, tree: &Tree) -> Result<Look> {
    let watched = watch(command, MINUTE * 3, |_| false)?;
    tree.keep(&watched.lines)?;
    let some_ran = watched.lines.iter().any(|line| line.starts_with("running ") && line != "running 0 tests");
    anyhow::ensure!(some_ran || watched.end == End::Interrupted, "no test has this name:\n{}", watched.tail(5));
    Ok(match watched.end {
        End::Exit(status) if status.success() => Look::Nothing,
        // Nothing else was started, so it is this test that failed.
        End::Exit(_) | End::Seen => Look::Caught,
        End::TimeUp => Look::Otherwise("the test did not end, which may be the host's fault".to_owned()),
        End::Interrupted => Look::Interrupted,
    })
}
