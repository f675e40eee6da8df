//! What `jos stress` does in either of its ways: what can be asked for, and one run and its failure.

use std::time::Duration;

use clap::Args;

use crate::kernel_build::{Build, Profile};
use crate::outcome::Outcome;
use crate::programs::Program;
use crate::session::Record;

/// How many lines of a failed run are shown.
const SHOWN: usize = 30;

/// Do random work on the kernel, seed after seed, until the time is over
///
/// Every run ends in the kernel's audit. The first failure ends the session and says how to repeat it. With --soak the CPUs,
/// the kernel and the work change from run to run, audits interrupt it, and failures are collected until the time is over.
#[derive(Args, Clone, Debug, Default)]
pub struct Options {
    /// Number of CPUs of the guest; with --soak the most of them [default: 4; with --soak 255].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=255))]
    pub(crate) cpus: Option<u16>,
    /// How long to go on, for each build; with --soak for all of them [default: 60].
    #[arg(long, value_name = "S", conflicts_with = "hours")]
    pub(crate) seconds: Option<u64>,
    /// As --seconds, in hours.
    #[arg(long, value_name = "H")]
    pub(crate) hours: Option<f64>,
    /// Change the number of CPUs, the kernel and the work from run to run.
    #[arg(long)]
    pub(crate) soak: bool,
    /// The first seed [default: from the clock].
    #[arg(long, value_name = "X")]
    pub(crate) seed: Option<u32>,
    /// Actions of each family of environments [default: 200; with --soak they change].
    #[arg(long)]
    pub(crate) units: Option<u32>,
    /// Families of environments at once [default: 4; with --soak they change].
    #[arg(long)]
    pub(crate) families: Option<u32>,
    /// Fine-grained locks, or one big lock [default: both].
    #[arg(long, value_enum)]
    pub(crate) build: Option<Build>,
    /// With checks, or optimised [default: debug; with --soak both].
    #[arg(long, value_enum)]
    pub(crate) profile: Option<Profile>,
    /// A word more for the kernel's command line in every run. Can be given more than once.
    #[arg(long = "option", value_name = "WORD")]
    pub(crate) kernel_options: Vec<String>,
}

impl Options {
    /// The builds meant, in order.
    pub(crate) fn builds(&self) -> Vec<Build> {
        self.build.map_or_else(|| Build::ALL.to_vec(), |build| vec![build])
    }

    /// How long to go on.
    pub(crate) fn time(&self) -> Duration {
        let hours = self.hours.and_then(|hours| Duration::try_from_secs_f64(hours * 3600.0).ok());
        hours.unwrap_or(Duration::from_secs(self.seconds.unwrap_or(60)))
    }
}

/// The program with its arguments.
pub(crate) fn program(seed: u32, units: u32, families: u32) -> Program {
    let arguments = [seed, units, families].map(|number| number.to_string()).to_vec();
    Program { name: "stress".to_owned(), arguments, file: None }
}

/// The operations of a good run and how long it worked, or what a bad one was.
pub(crate) fn verdict(record: &Record, seed: u32) -> Result<(u64, Duration), Outcome> {
    if record.outcome != Outcome::Good {
        return Err(record.outcome);
    }
    let (begin, good) = (format!("STRESS seed={seed} begin"), format!("STRESS seed={seed} ok ops="));
    let begin = record.lines.iter().find(|line| line.text.starts_with(&begin)).ok_or(Outcome::Failed)?;
    let end = record.lines.iter().find(|line| line.text.starts_with(&good)).ok_or(Outcome::Failed)?;
    let operations = end.text[good.len()..].trim().parse().map_err(|_| Outcome::Failed)?;
    Ok((operations, end.at - begin.at))
}

/// What was wrong, in words.
pub(crate) fn what(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::KernelFault => "the kernel complained",
        Outcome::Stuck => "the kernel is stuck",
        Outcome::TimeUp => "it did not come to an end",
        _ => "the program found something wrong, or did not start",
    }
}

/// A failed run: what was wrong, its last lines, and the command that repeats it.
pub(crate) fn failure(record: &Record, outcome: Outcome, seed: u32, again: &str) -> String {
    format!("seed {seed} failed: {}\n{}\n{}again: {again}", what(outcome), record.tail(SHOWN), record.messages)
}

/// The command that repeats a run.
pub(crate) fn again(program: &Program, cpus: u16, (build, profile): (Build, Profile), options: &[String]) -> String {
    let options: String = options.iter().map(|word| format!(" --option {word}")).collect();
    format!("scripts/jos run {} --cpus {cpus} --build {build} --profile {profile} --quiet{options}", program.word())
}

/// A sequence that visits every number once before it repeats (Numerical Recipes, section 7.1).
pub(crate) fn next_seed(seed: u32) -> u32 {
    seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223)
}
