//! `jos check`: what a reviewer should not have to look for.
//!
//! Formatting and lints of every crate, in every form in which it is built, and the rules for the tree that no
//! compiler knows (`tree`, `words`). `jos test` runs the same list.

mod tree;
mod words;

use std::io::{self, Write};
use std::process::Command;

use anyhow::{Context, Result};
use clap::Args;

use crate::interrupt;
use crate::kernel_build::{Build, PACKAGES, TARGET_FLAGS, features};
use crate::outcome::Outcome;
use crate::toolchain::Toolchain;

/// Check formatting, lints and the rules for the source tree
#[derive(Args, Clone, Debug)]
pub struct Options {}

/// One check: its name, and how it is done. An error says what is wrong.
struct Check {
    name: &'static str,
    run: fn() -> Result<(), String>,
}

const CHECKS: [Check; 18] = [
    Check { name: "files_are_short", run: tree::short },
    Check { name: "files_say_what_they_are", run: tree::introduced },
    Check { name: "no_loose_ends", run: words::no_loose_ends },
    Check { name: "unsafe_code_is_where_the_list_says", run: words::unsafe_listed },
    Check { name: "lock_order_is_the_one_in_the_notes", run: tree::ranks },
    Check { name: "programs_are_in_the_list_and_tested", run: tree::programs },
    Check { name: "shell_scripts_parse", run: tree::scripts },
    Check { name: "formatting", run: formatting },
    Check {
        name: "lints_host",
        run: || clippy(&["abi", "sync", "fuzz", "jos", "rig"], &["--profile", "host", "--all-targets"]),
    },
    Check { name: "lints_sync_big_lock", run: || clippy(&["sync"], &["--all-targets", "--features", "big-lock"]) },
    Check { name: "lints_sync_ticket", run: || clippy(&["sync"], &["--all-targets", "--features", "ticket"]) },
    Check { name: "lints_sync_full", run: || clippy(&["sync"], &["--all-targets", "--features", "full"]) },
    Check { name: "lints_sync_stats", run: || clippy(&["sync"], &["--all-targets", "--features", "stats"]) },
    Check { name: "lints_sync_sweep", run: || clippy(&["sync"], &["--all-targets", "--features", "sweep"]) },
    Check { name: "lints_kernel_host", run: || clippy(&["kernel"], &["--all-targets"]) },
    Check {
        name: "lints_kernel_host_big",
        run: || clippy(&["kernel"], &["--all-targets", "--features", "kernel/big-lock"]),
    },
    Check { name: "lints_kernel_fine", run: || target_clippy(Build::Fine) },
    Check { name: "lints_kernel_big", run: || target_clippy(Build::Big) },
];

/// How many checks passed and failed.
#[derive(Clone, Debug, Default)]
pub struct Count {
    /// Passed.
    pub passed: u64,
    /// Failed.
    pub failed: u64,
    /// What failed, by name, as far as it has one.
    pub names: Vec<String>,
}

impl Count {
    /// Counts one that failed.
    pub fn fail(&mut self, name: String) {
        self.failed += 1;
        self.names.push(name);
    }
}

/// Runs the sub-command.
///
/// # Errors
/// Never: what fails is counted.
pub fn check(_: &Options) -> Result<Outcome> {
    let count = run_all(None);
    println!("{} passed, {} failed", count.passed, count.failed);
    Ok(if interrupt::seen() {
        Outcome::Interrupted
    } else if count.failed > 0 {
        Outcome::Failed
    } else {
        Outcome::Good
    })
}

/// Runs the checks whose names contain `filter`, and says how each went.
pub fn run_all(filter: Option<&str>) -> Count {
    let mut count = Count::default();
    for check in &CHECKS {
        let name = format!("check::{}", check.name);
        if interrupt::seen() || filter.is_some_and(|filter| !name.contains(filter)) {
            continue;
        }
        // The name first: some take a while.
        print!("test {name} ... ");
        let _ = io::stdout().flush();
        match (check.run)() {
            Ok(()) => {
                println!("ok");
                count.passed += 1;
            }
            Err(why) => {
                println!("FAILED\n{why}");
                count.fail(name);
            }
        }
    }
    count
}

fn formatting() -> Result<(), String> {
    tool("cargo-fmt", &["fmt", "--all", "--check"])
}

fn clippy(packages: &[&str], more: &[&str]) -> Result<(), String> {
    let packages = packages.iter().flat_map(|package| ["--package", package]);
    let arguments: Vec<_> = ["clippy", "--no-deps"].into_iter().chain(packages).chain(more.iter().copied()).collect();
    tool("cargo-clippy", &[&arguments[..], &DENY].concat())
}

fn target_clippy(build: Build) -> Result<(), String> {
    let packages = PACKAGES.iter().flat_map(|package| ["--package", package]);
    let mut arguments = vec!["clippy", "--no-deps"];
    arguments.extend(TARGET_FLAGS.iter().copied().chain(features(build).iter().copied()).chain(packages));
    tool("cargo-clippy", &[&arguments[..], &DENY].concat())
}

/// Warnings are errors.
const DENY: [&str; 3] = ["--", "-D", "warnings"];

/// Runs a program of the toolchain; its output appears only if it fails.
fn tool(program: &str, arguments: &[&str]) -> Result<(), String> {
    let run = || -> Result<Result<(), String>> {
        let mut command: Command = Toolchain::find()?.command(program);
        let answer = command.args(arguments).output().with_context(|| format!("cannot run {program}"))?;
        let text = String::from_utf8_lossy(&answer.stdout) + String::from_utf8_lossy(&answer.stderr);
        Ok(if answer.status.success() { Ok(()) } else { Err(text.into_owned()) })
    };
    run().map_err(|error| format!("{error:#}"))?
}
