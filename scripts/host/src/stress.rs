//! `jos stress`: random work with one seed after the other, each run ending in the kernel's own audit.
//!
//! The program `stress` does everything the kernel offers, at random, to other environments, and checks what comes of
//! it. The sequence of seeds follows from the first one, so a whole session can be repeated; a single run is repeated
//! by the command that is printed when it fails.

use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Args;

use crate::kernel_build::{self, Build, Image};
use crate::options::KernelsOptions;
use crate::outcome::Outcome;
use crate::programs::Program;
use crate::progress::Progress;
use crate::qemu::Accel;
use crate::session::{Record, Session};

/// Do random work on the kernel, seed after seed, until the time is over
///
/// Every run ends in the kernel's audit. The first failure ends the session and says how to repeat it.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Number of CPUs of the guest.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=255))]
    cpus: u16,
    /// How long to go on, for each build.
    #[arg(long, value_name = "S", default_value_t = 60)]
    seconds: u64,
    /// The first seed [default: from the clock].
    #[arg(long, value_name = "X")]
    seed: Option<u32>,
    /// Actions of each family of environments.
    #[arg(long, default_value_t = 200)]
    units: u32,
    /// Families of environments at once.
    #[arg(long, default_value_t = 4)]
    families: u32,
    #[command(flatten)]
    kernels: KernelsOptions,
}

/// How long one run may take. A watch-dog only.
const LIMIT: Duration = Duration::from_secs(300);

/// How many lines of a failed run are shown.
const SHOWN: usize = 30;

/// What one build did.
struct Total {
    build: Build,
    runs: u32,
    operations: u64,
    /// From the program's first line to its last, summed over the runs; boot and audit do not count.
    working: Duration,
    outcome: Outcome,
}

/// Runs the sub-command.
///
/// # Errors
/// When a kernel does not build or QEMU does not start.
pub fn stress(options: &Options) -> Result<Outcome> {
    let first = options.seed.unwrap_or_else(seed_from_clock);
    let builds = options.kernels.builds();
    let profile = options.kernels.profile;
    let images: Vec<_> =
        builds.iter().map(|&build| Ok((build, kernel_build::build(build, profile)?))).collect::<Result<_>>()?;
    println!("first seed {first}: repeat this session with --seed {first}");
    let mut totals = Vec::new();
    for (build, image) in images {
        let total = one_build(options, build, &image, first)?;
        let outcome = total.outcome;
        totals.push(total);
        if outcome != Outcome::Good {
            break;
        }
    }
    totals.iter().for_each(|total| println!("{}", summary(total)));
    if let [fine, big] = &totals[..] {
        let (fine, big) = (rate(fine), rate(big));
        if big > 0.0 {
            println!("fine-grained / big lock: {:.2} (operations a second, {profile} kernels, same seeds)", fine / big);
            println!(
                "Stress looks for faults: its load differs from run to run. `scripts/jos bench` compares the locks."
            );
        }
    }
    Ok(totals.iter().fold(Outcome::Good, |worst, total| worst.worse(total.outcome)))
}

fn one_build(options: &Options, build: Build, image: &Image, first: u32) -> Result<Total> {
    let started = Instant::now();
    let mut total = Total { build, runs: 0, operations: 0, working: Duration::ZERO, outcome: Outcome::Good };
    let mut progress = Progress::new();
    let mut seed = first;
    // Always at least one, however short the time.
    while total.runs == 0 || started.elapsed().as_secs() < options.seconds {
        let left = options.seconds.saturating_sub(started.elapsed().as_secs());
        progress
            .say(&format!("{build}: {} runs, {} operations, {left} s left; seed {seed}", total.runs, total.operations));
        let program = Program {
            name: "stress".to_owned(),
            arguments: vec![seed.to_string(), options.units.to_string(), options.families.to_string()],
            file: None,
        };
        let session =
            Session { image, program: &program, cpus: options.cpus, accel: Accel::Tcg, quiet: true, limit: LIMIT };
        let record = session.run()?;
        total.runs += 1;
        match verdict(&record, seed) {
            Ok((operations, time)) => {
                total.operations += operations;
                total.working += time;
            }
            Err(Outcome::Interrupted) => {
                total.outcome = Outcome::Interrupted;
                break;
            }
            Err(outcome) => {
                total.outcome = outcome;
                progress.line(&failure(options, build, &program, &record));
                break;
            }
        }
        seed = next_seed(seed);
    }
    Ok(total)
}

/// The operations of a good run and how long it worked, or what a bad one was.
fn verdict(record: &Record, seed: u32) -> Result<(u64, Duration), Outcome> {
    if record.outcome != Outcome::Good {
        return Err(record.outcome);
    }
    let (begin, good) = (format!("STRESS seed={seed} begin"), format!("STRESS seed={seed} ok ops="));
    let begin = record.lines.iter().find(|line| line.text.starts_with(&begin)).ok_or(Outcome::Failed)?;
    let end = record.lines.iter().find(|line| line.text.starts_with(&good)).ok_or(Outcome::Failed)?;
    let operations = end.text[good.len()..].trim().parse().map_err(|_| Outcome::Failed)?;
    Ok((operations, end.at - begin.at))
}

fn failure(options: &Options, build: Build, program: &Program, record: &Record) -> String {
    let profile = options.kernels.profile;
    let what = match record.outcome {
        Outcome::KernelFault => "the kernel complained",
        Outcome::Stuck => "the kernel is stuck",
        Outcome::TimeUp => "it did not come to an end",
        _ => "the program found something wrong",
    };
    format!(
        "seed {} failed on the {build} kernel: {what}\n{}\n{}again: scripts/jos run {} --cpus {} --build {build} --profile {profile} --quiet",
        program.arguments[0],
        record.tail(SHOWN),
        record.messages,
        program.word(),
        options.cpus,
    )
}

fn rate(total: &Total) -> f64 {
    let seconds = total.working.as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "for people to read")]
    let operations = total.operations as f64;
    if seconds > 0.0 { operations / seconds } else { 0.0 }
}

fn summary(total: &Total) -> String {
    format!(
        "{}: {} runs, {} operations in {:.1} s, {:.0} operations/s: {}",
        total.build,
        total.runs,
        total.operations,
        total.working.as_secs_f64(),
        rate(total),
        if total.outcome == Outcome::Good { "all good" } else { "not good" }
    )
}

/// A sequence that visits every number once before it repeats (Numerical Recipes, section 7.1).
fn next_seed(seed: u32) -> u32 {
    seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223)
}

fn seed_from_clock() -> u32 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    now.subsec_nanos() ^ u32::try_from(now.as_secs() & 0xffff_ffff).unwrap_or_default()
}
