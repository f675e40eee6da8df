//! `jos bench --boot`: virtual time from power-on until a program runs, which it does when all CPUs do.

use std::time::Duration;

use anyhow::Result;

use crate::kernel_build::{self, Build, Image, Profile};
use crate::outcome::Outcome;
use crate::{programs, rig};

/// The numbers of CPUs if none are named.
const CPUS: [u16; 5] = [1, 8, 64, 128, 255];

/// One worker, and more to do than the window lets it.
const PROGRAM: &str = "bench_null:1:100000000";

/// Prints a row for each number of CPUs.
pub(super) fn measure(cpus: &[u16], seed: u64) -> Result<Outcome> {
    let cpus = if cpus.is_empty() { &CPUS[..] } else { cpus };
    let [fine, big] = [Build::Fine, Build::Big].map(|build| kernel_build::build(build, Profile::Release));
    let (fine, big) = (fine?, big?);
    println!("virtual milliseconds from power-on to the first program, all CPUs running (seed {seed})");
    println!("{:>5}  {:>9}  {:>9}", "CPUs", "fine", "big");
    let mut outcome = Outcome::Good;
    for &cpus in cpus {
        match (milliseconds(&fine, cpus, seed)?, milliseconds(&big, cpus, seed)?) {
            (Ok(fine), Ok(big)) => println!("{cpus:>5}  {fine:>9.1}  {big:>9.1}"),
            (Err(why), _) | (_, Err(why)) => {
                println!("{cpus:>5}  {why}");
                outcome = Outcome::Failed;
            }
        }
    }
    Ok(outcome)
}

/// How many virtual milliseconds `image` takes to boot, the firmware's included.
///
/// # Errors
/// As [`rig::measure`]; the inner one says why that could not be measured.
pub fn milliseconds(image: &Image, cpus: u16, seed: u64) -> Result<Result<f64, String>> {
    let limit = Duration::from_secs(600);
    let settings = rig::Settings { seed, warmup: 0, window: 10_000, limit, ..Default::default() };
    let point = rig::measure(image, &programs::parse(PROGRAM)?, cpus, &settings)?;
    Ok(point.map(|point| (point.began * u64::from(settings.nanoseconds)) as f64 / 1e6))
}
