//! `jos crosscheck`: the rig's figures against those of another simulator.
//!
//! Bochs shares no code with QEMU or with the plugin of `scripts/rig`. Its debugger's `s all N` lets each CPU execute one
//! instruction a tick, N times: just the machine that the rig claims to be, but slow and of 15 CPUs at most. The same
//! kernels do the same work on both.

mod bochs;

use anyhow::{Result, bail};
use clap::Args;

use crate::interrupt;
use crate::kernel_build::{self, Build, Image, Profile};
use crate::outcome::Outcome;
use crate::programs::{self, Program};
use crate::progress::Progress;
use crate::rig::{self, Settings};

/// Compare the rig's figures with those of the simulator Bochs, which has to be there
///
/// Debian's packages: bochs bochs-term bochsbios vgabios.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Numbers of guest CPUs, with commas between.
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "1,4,15",
        value_parser = clap::value_parser!(u16).range(1..=15))]
    cpus: Vec<u16>,
    /// Ticks of each measurement.
    #[arg(long, value_name = "TICKS", default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..))]
    window: u32,
    /// Programs to measure with, as NAME or NAME:LOCK:THINK:CRITICAL for `calibrate` [default: a choice].
    #[arg(value_name = "LOAD")]
    loads: Vec<String>,
}

/// What is measured if nothing is named: calls that share nothing, all calls that share much, and bare locks (each its
/// own, one test-and-set, one of tickets).
const LOADS: [&str; 7] = [
    "bench_null",
    "bench_page",
    "bench_ipc",
    "bench_fork",
    "calibrate:0:400:40",
    "calibrate:1:400:40",
    "calibrate:2:400:40",
];

/// More operations than any window has room for.
const ENDLESS: &str = "1000000000";

/// From the first mark to the opening of the window, on both.
const WARM_UP: u32 = 50_000;

/// What the two may differ by.
const TOLERANCE: f64 = 0.05;

/// Runs the sub-command.
///
/// # Errors
/// When Bochs is not there, a load is unknown, a kernel does not build, or a measurement fails.
pub fn crosscheck(options: &Options) -> Result<Outcome> {
    bochs::look()?;
    let usual = LOADS.map(str::to_owned);
    let loads = if options.loads.is_empty() { &usual[..] } else { &options.loads[..] };
    for load in loads {
        program(load, 1)?;
    }
    let image = |build| anyhow::Ok((build, kernel_build::build(build, Profile::Release)?));
    let images: [(Build, Image); 2] = [image(Build::Fine)?, image(Build::Big)?];
    println!("operations per million ticks, and throughput over that with {} CPU(s)", options.cpus[0]);
    println!(
        "{:<20}{:<7}{:>5}{:>12}{:>12}{:>9}{:>11}{:>9}",
        "load", "build", "cpus", "Bochs", "rig", "differ", "Bochs", "rig"
    );
    let mut progress = Progress::new();
    let (mut worst, mut points) = (0.0_f64, 0);
    for load in loads {
        for (build, image) in &images {
            let mut first = None;
            for &cpus in &options.cpus {
                progress.say(&format!("{load}, {build}, {cpus} CPUs"));
                let Some(pair) = measure(image, &program(load, cpus)?, cpus, options.window)? else {
                    return Ok(Outcome::Interrupted);
                };
                let base = *first.get_or_insert(pair);
                progress.line(&row(load, *build, cpus, pair, base));
                worst = worst.max(difference(pair).abs());
                points += 1;
            }
        }
    }
    progress.line(&format!("{points} points; the rig differs by at most {:.1} %", worst * 100.0));
    Ok(if worst <= TOLERANCE { Outcome::Good } else { Outcome::Failed })
}

/// The program that a load is, with so many workers.
fn program(load: &str, cpus: u16) -> Result<Program> {
    let mut program = programs::parse(load)?;
    if program.name != "calibrate" && !program.name.starts_with("bench_") {
        bail!("{load} marks no operations: a load is calibrate or one of the bench programs");
    }
    program.arguments.splice(0..0, [cpus.to_string(), ENDLESS.to_owned()]);
    Ok(program)
}

/// Throughput on Bochs and on the rig. Nothing after Ctrl-C.
fn measure(image: &Image, program: &Program, cpus: u16, window: u32) -> Result<Option<[f64; 2]>> {
    let Some(ops) = bochs::operations(image, program, cpus, WARM_UP, window)? else { return Ok(None) };
    let settings = Settings { warmup: WARM_UP.into(), window: window.into(), ..Settings::default() };
    match rig::measure(image, program, cpus, &settings)? {
        _ if interrupt::seen() => Ok(None),
        Ok(point) => Ok(Some([f64::from(ops) * 1e6 / f64::from(window), point.throughput()])),
        Err(why) => bail!("{}, {cpus} CPUs, on the rig: {why}", program.name),
    }
}

/// By what part the rig's figure is greater than that of Bochs. One without operations differs from everything.
fn difference([bochs, rig]: [f64; 2]) -> f64 {
    if bochs > 0.0 { rig / bochs - 1.0 } else { f64::INFINITY }
}

fn row(load: &str, build: Build, cpus: u16, pair: [f64; 2], base: [f64; 2]) -> String {
    format!(
        "{load:<20}{:<7}{cpus:>5}{:>12.0}{:>12.0}{:>7.1} %{:>11.2}{:>9.2}",
        build.to_string(),
        pair[0],
        pair[1],
        difference(pair) * 100.0,
        pair[0] / base[0],
        pair[1] / base[1],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_and_operations_go_before_the_arguments() {
        let words = |load| program(load, 4).expect("a load").word();
        assert_eq!(words("bench_page"), "bench_page:4:1000000000");
        assert_eq!(words("calibrate:1:400:40"), "calibrate:4:1000000000:1:400:40");
        assert!(program("hello", 1).expect_err("no marks").to_string().contains("marks no operations"));
    }

    #[test]
    fn no_operations_are_no_agreement() {
        assert!((difference([100.0, 97.0]) + 0.03).abs() < 1e-9);
        assert!(difference([0.0, 0.0]) > TOLERANCE);
    }
}
