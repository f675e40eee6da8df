//! `jos stress`: random work with one seed after the other, each run ending in the kernel's own audit.
//!
//! The program `stress` does everything the kernel offers, at random, to other environments, and checks what comes of
//! it. The sequence of seeds follows from the first one, so a whole session can be repeated; a single run is repeated
//! by the command that is printed when it fails.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::kernel_build::{self, Build, Image, Profile};
use crate::outcome::Outcome;
use crate::progress::Progress;
use crate::qemu::Accel;
use crate::session::Session;
pub use crate::stress_run::Options;
use crate::stress_run::{again, failure, next_seed, program, verdict};
use crate::stress_soak;

/// How long one run may take. A watch-dog only.
const LIMIT: Duration = Duration::from_secs(300);

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
    if options.soak {
        return stress_soak::soak(options, first);
    }
    let profile = options.profile.unwrap_or(Profile::Debug);
    let images: Vec<_> = options
        .builds()
        .iter()
        .map(|&build| Ok((build, kernel_build::build(build, profile)?)))
        .collect::<Result<_>>()?;
    println!("first seed {first}: repeat this session with --seed {first}");
    let mut totals = Vec::new();
    for (build, image) in images {
        let total = one_build(options, (build, profile), &image, first)?;
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

fn one_build(options: &Options, kernel: (Build, Profile), image: &Image, first: u32) -> Result<Total> {
    let (started, build, cpus) = (Instant::now(), kernel.0, options.cpus.unwrap_or(4));
    let mut total = Total { build, runs: 0, operations: 0, working: Duration::ZERO, outcome: Outcome::Good };
    let mut progress = Progress::new();
    let mut seed = first;
    // Always at least one, however short the time.
    while total.runs == 0 || started.elapsed() < options.time() {
        let left = options.time().saturating_sub(started.elapsed()).as_secs();
        progress
            .say(&format!("{build}: {} runs, {} operations, {left} s left; seed {seed}", total.runs, total.operations));
        let program = program(seed, options.units.unwrap_or(200), options.families.unwrap_or(4));
        let kernel_options = &options.kernel_options;
        let session =
            Session { image, program: &program, cpus, accel: Accel::Tcg, options: kernel_options, limit: LIMIT };
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
                progress.line(&failure(&record, outcome, seed, &again(&program, cpus, kernel, kernel_options)));
                break;
            }
        }
        seed = next_seed(seed);
    }
    Ok(total)
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

fn seed_from_clock() -> u32 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    now.subsec_nanos() ^ u32::try_from(now.as_secs() & 0xffff_ffff).unwrap_or_default()
}
