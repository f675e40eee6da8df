//! `jos bench`: the same work on the fine-grained and on the big-lock kernel, side by side.
//!
//! Each `bench_*` program does a fixed number of operations, shared among as many workers as there are CPUs, and prints
//! a line when it begins and one when it ends; time is taken on the host between the two. Builds take turns, so
//! that whatever else the host does hits both, and the median of three counts. Both kernels are optimised and
//! quiet. A measurement that failed is shown as such.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::{Value, json};

use crate::kernel_build::{self, Build, Image, Profile};
use crate::outcome::Outcome;
use crate::programs::{self, Program};
use crate::progress::Progress;
use crate::qemu::{self, Accel};
use crate::session::{Record, Session};

/// Compare the throughput of the two builds of the kernel
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Numbers of guest CPUs, with commas between.
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "1,2,4",
          value_parser = clap::value_parser!(u16).range(1..=255))]
    cpus: Vec<u16>,
    /// Only these workloads (`null` for the program `bench_null`), with commas between [default: all].
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    workloads: Vec<String>,
    /// Operations of each measurement, all workers together [default: what suits the workload].
    #[arg(long, value_name = "N")]
    ops: Option<u32>,
    /// Measurements of which the median counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    repeat: u32,
    /// What executes the guest.
    #[arg(long, value_enum, default_value_t = Accel::Tcg)]
    accel: Accel,
    /// Write the results here, too, for machines.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Watch-dog for one measurement.
const LIMIT: Duration = Duration::from_secs(120);

/// How many operations make a measurement of about a second under TCG.
const OPERATIONS: [(&str, u32); 9] = [
    ("null", 1_000_000),
    ("page", 120_000),
    ("map", 300_000),
    ("fault", 80_000),
    ("ipc", 60_000),
    ("fork", 3_000),
    ("sfork", 2_000),
    ("tree", 120),
    ("mixed", 20_000),
];

/// For a workload the table above does not know.
const OPERATIONS_ELSE: u32 = 1_000;

/// The result of one build, workload and number of CPUs.
struct Cell {
    build: Build,
    workload: String,
    cpus: u16,
    operations: u32,
    /// The median, or what went wrong.
    seconds: Result<f64, String>,
}

impl Cell {
    fn throughput(&self) -> Option<f64> {
        self.seconds.as_ref().ok().map(|seconds| f64::from(self.operations) / seconds)
    }

    fn json(&self) -> Value {
        let mut value = json!({
            "build": self.build.to_string(), "workload": self.workload, "cpus": self.cpus, "ops": self.operations,
            "throughput": self.throughput(), "seconds": self.seconds.as_ref().ok(),
        });
        if let Err(why) = &self.seconds {
            value["error"] = json!(why);
        }
        value
    }
}

/// Runs the sub-command.
///
/// # Errors
/// When a workload is unknown, a kernel does not build, QEMU does not start, or the file cannot be written.
pub fn bench(options: &Options) -> Result<Outcome> {
    let workloads = workloads(&options.workloads)?;
    let images: Vec<_> = Build::ALL
        .iter()
        .map(|&build| Ok((build, kernel_build::build(build, Profile::Release)?)))
        .collect::<Result<_>>()?;
    let header = header(options)?;
    println!("{header}\n\n{}", heading());
    let mut cells: Vec<Cell> = Vec::new();
    let mut progress = Progress::new();
    for workload in &workloads {
        for &cpus in &options.cpus {
            let Some([fine, big]) = pair(options, &images, workload, cpus, &mut progress)? else {
                return Ok(Outcome::Interrupted);
            };
            progress.line(&row(&fine, &big));
            cells.extend([fine, big]);
        }
    }
    drop(progress);
    if let Some(file) = &options.json {
        let results: Vec<_> = cells.iter().map(Cell::json).collect();
        let value = json!({ "setting": header.lines().collect::<Vec<_>>(), "results": results });
        std::fs::write(file, serde_json::to_string_pretty(&value)? + "\n")
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    let failed = cells.iter().filter(|cell| cell.seconds.is_err()).count();
    if failed > 0 {
        eprintln!("{failed} of {} measurements failed", cells.len());
    }
    Ok(if failed == 0 { Outcome::Good } else { Outcome::Failed })
}

/// The names of the workloads asked for, all without any.
fn workloads(asked: &[String]) -> Result<Vec<String>> {
    let known: Vec<String> =
        programs::names()?.iter().filter_map(|name| name.strip_prefix("bench_")).map(str::to_owned).collect();
    if let Some(unknown) = asked.iter().find(|name| !known.contains(name)) {
        bail!("there is no workload {unknown:?}; there are: {}", known.join(" "));
    }
    Ok(if asked.is_empty() { known } else { asked.to_vec() })
}

/// Measures one workload on both builds, taking turns. `None` after Ctrl-C.
fn pair(
    options: &Options,
    images: &[(Build, Image)],
    workload: &str,
    cpus: u16,
    progress: &mut Progress,
) -> Result<Option<[Cell; 2]>> {
    let usual = OPERATIONS.iter().find(|(name, _)| *name == workload).map_or(OPERATIONS_ELSE, |entry| entry.1);
    let each = (options.ops.unwrap_or(usual) / u32::from(cpus)).max(1);
    let program =
        Program { name: format!("bench_{workload}"), arguments: vec![cpus.to_string(), each.to_string()], file: None };
    let mut samples: [Result<Vec<f64>, String>; 2] = [Ok(Vec::new()), Ok(Vec::new())];
    for turn in 1..=options.repeat {
        for ((build, image), samples) in images.iter().zip(&mut samples) {
            progress.say(&format!("{workload}, {cpus} CPUs, {build}, {turn} of {}", options.repeat));
            // One failure is enough: no more turns for this build.
            let Ok(times) = samples else { continue };
            let session = Session { image, program: &program, cpus, accel: options.accel, quiet: true, limit: LIMIT };
            let record = session.run()?;
            if record.outcome == Outcome::Interrupted {
                return Ok(None);
            }
            match time(&record, workload) {
                Ok(seconds) => times.push(seconds),
                Err(why) => *samples = Err(why),
            }
        }
    }
    let operations = each * u32::from(cpus);
    let [fine, big] = samples.map(|samples| samples.map(median));
    let cell = |build, seconds| Cell { build, workload: workload.to_owned(), cpus, operations, seconds };
    Ok(Some([cell(images[0].0, fine), cell(images[1].0, big)]))
}

/// Seconds between the two lines, or what went wrong.
fn time(record: &Record, workload: &str) -> Result<f64, String> {
    let line = |what: &str| {
        let wanted = format!("BENCH {workload} {what} ");
        record.lines.iter().find(|line| line.text.starts_with(&wanted))
    };
    match (record.outcome, line("begin"), line("end")) {
        (Outcome::Good, Some(begin), Some(end)) => Ok((end.at - begin.at).as_secs_f64()),
        (Outcome::TimeUp, ..) => Err(format!("no end within {} s", LIMIT.as_secs())),
        (Outcome::KernelFault | Outcome::Stuck, ..) => Err("the kernel complained".to_owned()),
        _ => Err("the program failed".to_owned()),
    }
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

/// What the numbers were taken with, and what they are worth.
fn header(options: &Options) -> Result<String> {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let accel = format!("{:?}", options.accel).to_uppercase();
    let most = options.cpus.iter().max().copied().unwrap_or(1);
    let mut text = format!(
        "{}; {accel}; {cores} host cores; median of {}; optimised kernels, quiet\nWall clock of the host.",
        qemu::version()?,
        options.repeat
    );
    if usize::from(most) > cores {
        text += &format!(" With more than {cores} guest CPUs it measures the host as much as the kernel:");
        text += "\ncompare the builds with each other, not the numbers of CPUs.";
    }
    Ok(text)
}

fn heading() -> String {
    format!(
        "{:<9}{:>5}{:>11}{:>12}{:>12}{:>13}{:>13}{:>10}",
        "workload", "cpus", "operations", "fine, s", "big, s", "fine, ops/s", "big, ops/s", "fine/big"
    )
}

fn row(fine: &Cell, big: &Cell) -> String {
    let seconds = |cell: &Cell| cell.seconds.as_ref().map_or("failed".to_owned(), |seconds| format!("{seconds:.3}"));
    let rate = |cell: &Cell| cell.throughput().map_or("-".to_owned(), |rate| format!("{rate:.0}"));
    let ratio = fine.throughput().zip(big.throughput()).map_or("-".to_owned(), |(a, b)| format!("{:.2}", a / b));
    let mut text = format!(
        "{:<9}{:>5}{:>11}{:>12}{:>12}{:>13}{:>13}{:>10}",
        fine.workload,
        fine.cpus,
        fine.operations,
        seconds(fine),
        seconds(big),
        rate(fine),
        rate(big),
        ratio
    );
    for cell in [fine, big] {
        if let Err(why) = &cell.seconds {
            text += &format!("   {}: {why}", cell.build);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_ignores_one_slow_run() {
        assert!((median(vec![9.0, 1.0, 1.5]) - 1.5).abs() < 1e-9);
    }

    #[test]
    fn a_failed_measurement_is_marked() {
        let cell = |build, seconds| Cell { build, workload: "null".to_owned(), cpus: 2, operations: 100, seconds };
        let text = row(&cell(Build::Fine, Ok(0.5)), &cell(Build::Big, Err("no end".to_owned())));
        assert!(text.contains("failed") && text.ends_with("big: no end"), "{text}");
        assert_eq!(cell(Build::Fine, Ok(0.5)).json()["throughput"], 200.0);
        assert!(cell(Build::Big, Err("no end".to_owned())).json()["throughput"].is_null());
    }
}
