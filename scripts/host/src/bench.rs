//! `jos bench`: the same work on the fine-grained and on the big-lock kernel, side by side.
//!
//! Each `bench_*` program (`workloads`) is a worker a CPU that does the same operation again and again. `clock` says what
//! time is measured with, `measure` takes the figures (`figure`, `places`), `findings` draws the conclusions, and
//! `table` and `report` show them. Both kernels are optimised and quiet. A measurement that failed is shown as such.

mod against;
mod boot;
mod clock;
mod figure;
mod findings;
#[cfg(test)]
mod fixture;
mod measure;
pub(crate) mod places;
mod report;
mod table;
mod workloads;

pub use boot::milliseconds as boot_milliseconds;
pub(crate) use figure::real;

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;

use crate::kernel_build::{self, Build, Image, Profile};
use crate::outcome::Outcome;
use crate::progress::Progress;
use crate::{paths, rig};
use against::Earlier;
use clock::Clock;
use figure::Cell;
use measure::{Plan, Task};
use workloads::Workload;

/// Compare the throughput of the two builds of the kernel, and write a report
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Numbers of guest CPUs, with commas between [default: 1,2,4,8,16,32,64 on the rig, else 1,2,4].
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..=255))]
    cpus: Vec<u16>,
    /// Only these workloads (`null` for the program `bench_null`), with commas between [default: all].
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    workloads: Vec<String>,
    /// Measure instead how long the kernels take to boot, in virtual time.
    #[arg(long, conflicts_with_all = ["workloads", "clock", "quick", "ops", "repeat", "model", "json", "csv", "html", "against"])]
    boot: bool,
    /// What time is measured with.
    #[arg(long, value_enum, default_value_t = Clock::Rig)]
    clock: Clock,
    /// Fewer workloads, fewer numbers of CPUs and shorter measurements: for a first look.
    #[arg(long)]
    quick: bool,
    /// Operations of each measurement by the wall clock, all workers together [default: what suits the workload].
    #[arg(long, value_name = "N")]
    ops: Option<u32>,
    /// Measurements of which the median counts; on the rig each has a seed of its own [default: 1 on the rig, else 3].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    repeat: Option<u32>,
    /// The rig's first seed. The same seed gives the same figures.
    #[arg(long, value_name = "X", default_value_t = 1)]
    seed: u64,
    /// On the rig, measure again with a model of caches, in which moving a line to another CPU costs so many ticks.
    #[arg(long, value_name = "TICKS", num_args = 0..=1, default_missing_value = "100")]
    model: Option<u32>,
    /// Write the results here, too, for machines.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Compare with what `--json` wrote before: exit status 1 if a figure differs by more than repeated ones do.
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// Write the results here, too, as a table with commas.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Where to write the report, one page for a browser [default: target/bench.html].
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// Ticks until the rig's window opens: with the big lock 64 CPUs need a hundred thousand for one round of calls.
const WARM_UP: u64 = 300_000;

/// The rig's window with `--quick`, in ticks.
const QUICK_WINDOW: u64 = 1_000_000;

/// The workloads of `--quick`, if none are named.
const QUICK_WORKLOADS: [&str; 6] = ["null", "page", "fault", "fork", "ipc", "server"];

/// All that was measured, and with what.
#[derive(Clone, Debug)]
struct Results {
    /// What time was measured with.
    clock: Clock,
    /// The machine, in sentences.
    machine: Vec<String>,
    /// How to have the figures again.
    command: String,
    /// Both builds, fine first, ordered by workload and then by CPUs.
    pairs: Vec<[Cell; 2]>,
}

/// Runs the sub-command.
///
/// # Errors
/// When a workload is unknown, a kernel does not build, QEMU does not start, or a file cannot be written.
pub fn bench(options: &Options) -> Result<Outcome> {
    if options.boot {
        return boot::measure(&options.cpus, options.seed);
    }
    let quick = if options.quick && options.workloads.is_empty() { &QUICK_WORKLOADS[..] } else { &[] };
    let names: Vec<_> = quick.iter().map(|name| (*name).to_owned()).chain(options.workloads.clone()).collect();
    let workloads = workloads::find(&names)?;
    let mut cpus = if options.cpus.is_empty() { options.clock.usual_cpus(options.quick) } else { options.cpus.clone() };
    cpus.sort_unstable();
    cpus.dedup();
    let earlier = options.against.as_ref().map(|file| Earlier::read(file, options.clock)).transpose()?;
    let image = |build| anyhow::Ok((build, kernel_build::build(build, Profile::Release)?));
    let images = [image(Build::Fine)?, image(Build::Big)?];
    if options.clock == Clock::Kvm {
        clock::probe_kvm(&images[0].1)?;
    }
    let tasks = tasks(&workloads, &cpus);
    let machine = options.clock.machine(cpus.last().copied().unwrap_or(1))?;
    println!("{}\n\n{}", machine.join("\n"), table::heading(options.clock));
    let Some(pairs) = run(&plan(options), &images, &tasks)? else { return Ok(Outcome::Interrupted) };
    let results = Results { clock: options.clock, machine, command: command(options), pairs };
    finish(options, &results, earlier.as_ref())
}

/// What there is to measure, workload by workload. A workload that needs more environments than there are is left out.
fn tasks(workloads: &[Workload], cpus: &[u16]) -> Vec<Task> {
    let pairs = workloads.iter().flat_map(|workload| cpus.iter().map(|&cpus| Task { workload: *workload, cpus }));
    pairs.filter(|task| task.workload.fits(task.cpus)).collect()
}

fn plan(options: &Options) -> Plan {
    let usual = rig::Settings::default();
    let usual = if options.quick { rig::Settings { window: QUICK_WINDOW, ..usual } } else { usual };
    let repeat = options.repeat.unwrap_or(if options.clock == Clock::Rig { 1 } else { 3 });
    let rig = rig::Settings { seed: options.seed, model: options.model, warmup: WARM_UP, ..usual };
    Plan { clock: options.clock, ops: options.ops, repeat, rig }
}

/// The command that gives these figures again.
fn command(options: &Options) -> String {
    let words: Vec<_> = std::env::args().skip(1).collect();
    let seed = if options.clock == Clock::Rig { format!(" (seed {})", options.seed) } else { String::new() };
    format!("scripts/jos {}{seed}", words.join(" "))
}

/// Measures, with the progress in sight and a row of the table for each pair, in order.
fn run(plan: &Plan, images: &[(Build, Image); 2], tasks: &[Task]) -> Result<Option<Vec<[Cell; 2]>>> {
    let progress = RefCell::new(Progress::of(tasks.iter().map(Task::weight).sum()));
    let begun = |task: &Task| {
        progress.borrow_mut().say(&format!("{}, {} CPUs", task.workload.name, task.cpus));
    };
    let mut waiting: Vec<Option<String>> = vec![None; tasks.len()];
    let mut shown = 0;
    let done = |index: usize, pair: &[Cell; 2]| {
        let mut progress = progress.borrow_mut();
        progress.advance(tasks[index].weight());
        waiting[index] = Some(table::row(pair));
        while let Some(row) = waiting.get_mut(shown).and_then(Option::take) {
            progress.line(&row);
            shown += 1;
        }
    };
    measure::all(plan, images, tasks, begun, done)
}

/// Writes the files, and says what is in them, what failed, and how it compares with earlier figures.
fn finish(options: &Options, results: &Results, earlier: Option<&Earlier>) -> Result<Outcome> {
    let cells = || results.pairs.iter().flatten();
    if let Some(file) = &options.json {
        let value = json!({
            "setting": results.machine, "command": results.command, "unit": options.clock.unit(),
            "results": cells().map(Cell::json).collect::<Vec<_>>(),
        });
        write(file, &(serde_json::to_string_pretty(&value)? + "\n"))?;
    }
    if let Some(file) = &options.csv {
        let lines: Vec<_> = std::iter::once(figure::CSV_HEAD.to_owned()).chain(cells().map(Cell::csv)).collect();
        write(file, &(lines.join("\n") + "\n"))?;
    }
    let html = options.html.clone().unwrap_or_else(|| paths::target().join("bench.html"));
    write(&html, &report::page(results))?;
    println!("\n{}\nreport: {}", findings::Findings::of(results).summary().join("\n"), html.display());
    let failed = cells().filter(|cell| cell.result.is_err()).count();
    if failed > 0 {
        eprintln!("{failed} of {} measurements failed", results.pairs.len() * 2);
    }
    let compared = earlier.map_or(Outcome::Good, |earlier| earlier.compare(cells()));
    Ok(if failed == 0 { compared } else { Outcome::Failed })
}

fn write(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_not_measured() {
        let tasks = tasks(&workloads::ALL, &[1, 255]);
        let at = |cpus| tasks.iter().filter(|task| task.cpus == cpus).count();
        assert!(at(1) == workloads::ALL.len() && at(255) < at(1) && at(255) > 0);
    }
}
