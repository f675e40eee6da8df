//! `jos crosscheck`: the rig's figures against those of another simulator.
//!
//! Bochs shares no code with QEMU or with the plugin of `scripts/rig`. Its debugger's `s all N` lets each CPU execute one
//! instruction a tick, N times: just the machine that the rig claims to be, but slow and of 15 CPUs at most. The same
//! kernels do the same work on both.

mod bochs;

use std::thread;

use anyhow::{Result, bail};
use clap::Args;

use crate::interrupt;
use crate::kernel_build::{self, Build, Image, Profile};
use crate::outcome::Outcome;
use crate::programs::{self, Program};
use crate::progress::Progress;
use crate::rig::{self, Settings};

/// Compare the rig's figures with those of the simulator Bochs
///
/// Debian's packages: bochs bochs-term bochsbios vgabios; `scripts/setup crosscheck` installs them.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Numbers of guest CPUs, with commas between.
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "1,2,4,8",
        value_parser = clap::value_parser!(u16).range(1..=15))]
    cpus: Vec<u16>,
    /// Ticks of each measurement.
    #[arg(long, value_name = "TICKS", default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..))]
    window: u32,
    /// Programs to measure with, as NAME or NAME:LOCK:THINK:CRITICAL for `calibrate` [default: a choice].
    #[arg(value_name = "LOAD")]
    loads: Vec<String>,
}

/// What is measured if nothing is named: calls that share nothing, calls that share much, and bare test-and-set.
const LOADS: [&str; 5] = ["bench_null", "bench_page", "bench_fork", "bench_ipc", "calibrate:1:160:40"];

/// More operations than any window has room for.
const ENDLESS: &str = "1000000000";

/// From the first mark to the opening of the window, on both.
const WARM_UP: u32 = 50_000;

/// What the two may differ by.
const TOLERANCE: f64 = 0.05;

/// One measurement on each of the two.
struct Point<'a> {
    load: &'a str,
    build: Build,
    image: &'a Image,
    cpus: u16,
}

/// Operations per million ticks.
#[derive(Clone, Copy)]
struct Pair {
    bochs: f64,
    rig: f64,
}

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
    let curves = loads.iter().flat_map(|load| images.iter().map(move |(build, image)| (load, *build, image)));
    let points: Vec<Point> = curves
        .flat_map(|(load, build, image)| options.cpus.iter().map(move |&cpus| Point { load, build, image, cpus }))
        .collect();
    println!("operations per million ticks");
    println!("{:<20}{:<7}{:>5}{:>12}{:>12}{:>9}", "load", "build", "cpus", "Bochs", "rig", "differ");
    let Some(pairs) = measure_all(&points, options.window)? else { return Ok(Outcome::Interrupted) };
    println!("\nthroughput over that with {} CPU(s), Bochs / rig", options.cpus[0]);
    println!(
        "{:<20}{:<7}{}",
        "load",
        "build",
        options.cpus.iter().map(|cpus| format!("{cpus:>14}")).collect::<String>()
    );
    for (points, pairs) in points.chunks(options.cpus.len()).zip(pairs.chunks(options.cpus.len())) {
        println!("{}", curve(&points[0], pairs));
    }
    let worst = pairs.iter().map(|pair| pair.difference().abs()).fold(0.0, f64::max);
    println!("\n{} points; the rig differs by at most {:.1} %", points.len(), worst * 100.0);
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

/// Measures all points, as many at once as the host has cores: virtual time does not mind. Nothing after Ctrl-C.
fn measure_all(points: &[Point], window: u32) -> Result<Option<Vec<Pair>>> {
    let mut progress = Progress::of(points.iter().map(Point::weight).sum());
    let mut pairs = Vec::new();
    for together in points.chunks(thread::available_parallelism().map_or(1, usize::from)) {
        progress.say(&together.iter().map(Point::name).collect::<Vec<_>>().join("; "));
        let found: Vec<_> = thread::scope(|scope| {
            let started: Vec<_> = together
                .iter()
                .enumerate()
                .map(|(core, point)| scope.spawn(move || measure(point, window, core)))
                .collect();
            started.into_iter().map(|thread| thread.join().expect("measuring does not panic")).collect()
        });
        for (point, pair) in together.iter().zip(found) {
            let Some(pair) = pair? else { return Ok(None) };
            progress.advance(point.weight());
            progress.line(&row(point, pair));
            pairs.push(pair);
        }
    }
    Ok(Some(pairs))
}

/// Throughput on Bochs and on the rig. Nothing after Ctrl-C.
fn measure(point: &Point, window: u32, core: usize) -> Result<Option<Pair>> {
    let program = program(point.load, point.cpus)?;
    let Some(ops) = bochs::operations(point.image, &program, point.cpus, WARM_UP, window)? else { return Ok(None) };
    let settings = Settings { warmup: WARM_UP.into(), window: window.into(), core, ..Settings::default() };
    match rig::measure(point.image, &program, point.cpus, &settings)? {
        _ if interrupt::seen() => Ok(None),
        Ok(rig) => Ok(Some(Pair { bochs: f64::from(ops) * 1e6 / f64::from(window), rig: rig.throughput() })),
        Err(why) => bail!("{}, on the rig: {why}", point.name()),
    }
}

impl Point<'_> {
    fn name(&self) -> String {
        format!("{}, {}, {} CPUs", self.load, self.build, self.cpus)
    }

    /// A guess at how long it takes: booting, and a turn of each CPU for each tick.
    fn weight(&self) -> u64 {
        8 + u64::from(self.cpus)
    }
}

impl Pair {
    /// By what part the rig's figure is greater than that of Bochs. One without operations differs from everything.
    fn difference(self) -> f64 {
        if self.bochs > 0.0 { self.rig / self.bochs - 1.0 } else { f64::INFINITY }
    }
}

fn row(point: &Point, pair: Pair) -> String {
    format!(
        "{:<20}{:<7}{:>5}{:>12.0}{:>12.0}{:>7.1} %",
        point.load,
        point.build.to_string(),
        point.cpus,
        pair.bochs,
        pair.rig,
        pair.difference() * 100.0,
    )
}

/// How much more CPUs do than the first number of them.
fn curve(point: &Point, pairs: &[Pair]) -> String {
    let over = |pair: &Pair| format!("{:.2} / {:.2}", pair.bochs / pairs[0].bochs, pair.rig / pairs[0].rig);
    let values: String = pairs.iter().map(|pair| format!("{:>14}", over(pair))).collect();
    format!("{:<20}{:<7}{values}", point.load, point.build.to_string())
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
        assert!((Pair { bochs: 100.0, rig: 97.0 }.difference() + 0.03).abs() < 1e-9);
        assert!(Pair { bochs: 0.0, rig: 0.0 }.difference() > TOLERANCE);
    }
}
