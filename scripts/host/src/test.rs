//! `jos test`: everything there is to test, in one command.
//!
//! In order of cost: the checks of the source, the tests of the crates that run on the host (the locks in each of
//! their modes, the kernel's own logic), and the kernel in QEMU. The last line counts all of them.

use std::io::{self, BufRead, BufReader, IsTerminal};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use regex::Regex;
use rustix::process::{Pid, Signal, kill_process_group};

use crate::check::{self, Count};
use crate::interrupt;
use crate::mutants;
use crate::outcome::Outcome;
use crate::paths;
use crate::test_program;
use crate::toolchain::Toolchain;

/// Run all tests: checks of the source, host tests, and the kernel in QEMU
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Only the tests whose names contain this. What begins with fine_, big_ or check:: names tests in QEMU or checks
    /// alone; the others are then not even built.
    filter: Option<String>,
}

/// What `cargo test` gets for each set of host tests.
const HOST: [&[&str]; 13] = [
    &["--package", "abi"],
    &["--package", "rig"],
    &["--package", "fuzz"],
    &["--package", "jos", "--profile", "host"],
    &["--package", "sync"],
    &["--package", "sync", "--features", "big-lock"],
    &["--package", "sync", "--features", "ticket"],
    &["--package", "model", "--lib"],
    &["--package", "sync", "--features", "stats"],
    &["--package", "sync", "--features", "full"],
    &["--package", "sync", "--features", "model", "--lib"],
    &["--package", "kernel", "--lib"],
    &["--package", "kernel", "--lib", "--features", "kernel/big-lock"],
];

/// Watch-dogs: for one set of host tests, its compilation included, and for all that run in QEMU, each of which has its
/// own besides.
const HOST_LIMIT: Duration = Duration::from_secs(20 * 60);
const QEMU_LIMIT: Duration = Duration::from_secs(120 * 60);

/// Runs the sub-command.
///
/// # Errors
/// When cargo cannot be started, or no test has the filter in its name.
pub fn test(options: &Options) -> Result<Outcome> {
    let filter = options.filter.as_deref();
    let names = |start: &str| filter.is_some_and(|filter| filter.starts_with(start));
    let (only_qemu, only_checks) = (names("fine_") || names("big_"), names("check::"));
    let mut count = Count::default();
    if !only_qemu {
        println!("-- checks of the source");
        count = check::run_all(filter);
    }
    if !only_qemu && !only_checks {
        host(filter, &mut count)?;
    }
    if filter.is_none() && !interrupt::seen() {
        println!("-- bugs put back, a share of them");
        add(&mut count, mutants::todays()?);
    }
    if !only_checks && !interrupt::seen() {
        println!("-- the kernel in QEMU");
        match test_program::build(&Toolchain::find()?)? {
            Some(program) => {
                add(&mut count, counted(Command::new(program).current_dir(paths::root()).args(filter), QEMU_LIMIT)?)
            }
            None => count.fail("the build of the QEMU tests".to_owned()),
        }
    }
    if interrupt::seen() {
        return Ok(Outcome::Interrupted);
    }
    if count.passed + count.failed == 0 {
        bail!("no test has {:?} in its name", filter.unwrap_or_default());
    }
    // A thousand lines further up each says why.
    if !count.names.is_empty() {
        println!("failed:\n    {}", count.names.join("\n    "));
    }
    println!("{} passed, {} failed", count.passed, count.failed);
    Ok(if count.failed == 0 { Outcome::Good } else { Outcome::Failed })
}

/// The tests of the crates that run on the host.
fn host(filter: Option<&str>, count: &mut Count) -> Result<()> {
    let toolchain = Toolchain::find()?;
    for arguments in HOST.iter().take_while(|_| !interrupt::seen()) {
        println!("-- cargo test {}", arguments.join(" "));
        let mut cargo = toolchain.cargo();
        cargo.args(["test", "--quiet", "--no-fail-fast"]).args(*arguments);
        let mut part = counted(cargo.arg("--").args(filter), HOST_LIMIT)?;
        part.names.iter_mut().for_each(|name| *name += &format!(" (cargo test {})", arguments.join(" ")));
        add(count, part);
    }
    Ok(())
}

fn add(sum: &mut Count, part: Count) {
    sum.passed += part.passed;
    sum.failed += part.failed;
    sum.names.extend(part.names);
}

/// Runs tests visibly and counts them by the summaries they print. Tests that do not compile, or end without a
/// summary, count as one that failed.
fn counted(command: &mut Command, limit: Duration) -> Result<Count> {
    if io::stdout().is_terminal() {
        command.env("CARGO_TERM_COLOR", "always");
    }
    // A process group of its own, since cargo does not pass on a signal to the tests it runs.
    command.stdin(Stdio::null()).stdout(Stdio::piped()).process_group(0);
    let mut child = command.spawn().context("cannot start the tests")?;
    let summary = Regex::new(r"test result: .*?(\d+) passed; (\d+) failed")?;
    // The two ways in which test programs say it, of which the quiet one comes with `--quiet`.
    let failure = Regex::new(r"^(?:test )?(\S.*?) (?:\.\.\.|---) FAILED")?;
    let mut count = Count::default();
    let output = child.stdout.take().context("the tests have an output")?;
    let reader = thread::spawn(move || {
        for line in BufReader::new(output).split(b'\n').map_while(io::Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            // A filter leaves nothing of most sets, which need not be said a dozen times.
            if !(line.is_empty() || line == "running 0 tests" || line.contains("ok. 0 passed; 0 failed; 0 ignored")) {
                println!("{line}");
            }
            if let Some(found) = failure.captures(&line) {
                count.names.push(found[1].to_owned());
            }
            if let Some(found) = summary.captures(&line) {
                count.passed += found[1].parse::<u64>().unwrap_or_default();
                count.failed += found[2].parse::<u64>().unwrap_or_default();
            }
        }
        count
    });
    let success = wait(&mut child, limit)?;
    let mut count = reader.join().unwrap_or_default();
    if !success && count.failed == 0 {
        count.fail("tests that could not be built, or ended without a summary".to_owned());
    }
    Ok(count)
}

/// Waits for a child and says whether it succeeded. A signal to end is passed on to all it has started; so is the end of
/// the watch-dog's patience.
fn wait(child: &mut Child, limit: Duration) -> Result<bool> {
    let started = Instant::now();
    let mut told = false;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.success());
        }
        let over = started.elapsed() > limit;
        if (interrupt::seen() || over) && !told {
            told = true;
            if over {
                println!("not finished after {} minutes; ended", limit.as_secs() / 60);
            }
            // They may have ended by themselves just now.
            let _ = kill_process_group(Pid::from_child(child), Signal::TERM);
        }
        thread::sleep(Duration::from_millis(50));
    }
}
