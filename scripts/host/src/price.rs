//! `jos price`: what watching the locks costs, in guest instructions.
//!
//! The same programs on the same kernel in its four modes (`kernel/sync/src/lib.rs`), on one CPU of the rig, where an
//! instruction is a tick and every count repeats. With one CPU nobody waits, so what differs is the watching itself.

use anyhow::{Result, anyhow};
use clap::Args;

use crate::interrupt;
use crate::kernel_build::{self, Build, Mode, Profile};
use crate::outcome::Outcome;
use crate::programs;
use crate::progress::Progress;
use crate::rig::{self, Settings};

/// Measure what each mode of the lock checker costs, in guest instructions an operation
///
/// Programs and kernel together, one CPU; the percentages are what a mode adds to `off`.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Fine-grained locks, or one big lock.
    #[arg(long, value_enum, default_value_t = Build::Fine)]
    build: Build,
    /// With debug assertions, or optimised without.
    #[arg(long, value_enum, default_value_t = Profile::Debug)]
    profile: Profile,
    /// Ticks of each measurement.
    #[arg(long, default_value_t = 100_000_000)]
    window: u64,
    /// Programs to measure with, each of which marks its operations [default: all benchmarks and the stress test].
    loads: Vec<String>,
}

/// What runs: programs that mark their operations, with more of them to do than there is time for; and the stress test, which is
/// random, to its end, as `scripts/jos stress` runs it.
const LOADS: [&str; 10] = [
    "bench_null:1:100000000",
    "bench_page:1:100000000",
    "bench_map:1:100000000",
    "bench_fault:1:100000000",
    "bench_ipc:1:100000000",
    "bench_fork:1:100000000",
    "bench_mixed:1:100000000",
    "stress:1:200:4",
    "stress:2:200:4",
    "stress:3:200:4",
];

/// Runs the sub-command.
///
/// # Errors
/// When a kernel does not build, or a measurement fails.
pub fn price(options: &Options) -> Result<Outcome> {
    let build = |mode| Ok((mode, kernel_build::build_watching(options.build, options.profile, Some(mode))?));
    let images = Mode::ALL.into_iter().map(build).collect::<Result<Vec<_>>>()?;
    println!("instructions an operation, one CPU, {} kernel, {}", options.build, options.profile);
    println!("{:<14}{:>10}{:>20}{:>20}{:>20}", "load", "off", "stats", "order", "full");
    let mut progress = Progress::new();
    let all = LOADS.map(str::to_owned);
    for load in if options.loads.is_empty() { &all[..] } else { &options.loads[..] } {
        let program = programs::parse(load)?;
        let mut counts = Vec::new();
        for (mode, image) in &images {
            progress.say(&format!("{}, mode {mode}", program.name));
            let settings = Settings { window: options.window, ..Settings::default() };
            let point = rig::measure(image, &program, 1, &settings)?.map_err(|why| anyhow!("{load}, {mode}: {why}"))?;
            if interrupt::seen() {
                return Ok(Outcome::Interrupted);
            }
            counts.push(point.ticks as f64 / point.ops.max(1) as f64);
        }
        progress.line(&row(&program.name, &counts));
    }
    Ok(Outcome::Good)
}

/// One line of the table; `counts` in the order of [`Mode::ALL`].
fn row(name: &str, counts: &[f64]) -> String {
    let mut text = format!("{name:<14}{:>10.0}", counts[0]);
    for count in &counts[1..] {
        text += &format!("{:>20}", format!("{count:.0} ({:+.1} %)", (count / counts[0] - 1.0) * 100.0));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_what_each_mode_adds() {
        let text = row("bench_page", &[200.0, 206.0, 230.0, 300.0]);
        assert!(
            text.contains("206 (+3.0 %)") && text.contains("230 (+15.0 %)") && text.ends_with("300 (+50.0 %)"),
            "{text}"
        );
    }
}
