//! `jos trace`: what every CPU does at every moment, as a file for Perfetto and as a picture.
//!
//! A kernel with feature `trace` tells the rig's plugin of each step of a lock, each way into and out of user mode, each
//! halt and each interrupt it sends; the plugin adds the virtual time. `timeline` makes intervals of that, `perfetto` and
//! `picture` write them down.

mod noted;
mod perfetto;
mod picture;
mod timeline;
mod words;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use clap::Args;
use object::{Object, ObjectSymbol};
use sync::event::{Event, NUMBERS};

use crate::kernel_build::{self, Build};
use crate::outcome::Outcome;
use crate::programs::{self, Program};
use crate::{paths, rig};
use timeline::Timeline;

/// Write down what every CPU does at every moment: which lock it waits for, which it holds
///
/// Writes target/trace-BUILD.json, for Perfetto (ui.perfetto.dev, "Open trace file") or chrome://tracing, and
/// target/trace-BUILD.svg, a picture with the queue for the lock that was waited for longest.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// The program, as for `run`. A benchmark (`bench_page:8:100000`: workers, operations) is traced in the middle of its
    /// work, others from their start.
    program: String,
    /// Number of CPUs of the guest.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=255))]
    cpus: u16,
    /// Fine-grained locks, or one big lock [default: both].
    #[arg(long, value_enum)]
    build: Option<Build>,
    /// How long to look, in ticks: instructions of one CPU.
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    ticks: u64,
    /// Chooses among interleavings. The same seed gives the same trace.
    #[arg(long, value_name = "X", default_value_t = 1)]
    seed: u64,
    /// The folder to write to [default: target].
    #[arg(long, value_name = "FOLDER")]
    to: Option<PathBuf>,
}

/// What the bytes are called in the kernel whose stores are events.
const BYTES: &str = "sync::trace::TRACE";

/// A trace that has been taken, and found free of contradictions.
#[derive(Debug)]
pub struct Trace {
    title: String,
    timeline: Timeline,
}

/// Runs the sub-command.
///
/// # Errors
/// When there is no such program, something does not build or run, the trace contradicts itself, or a file cannot be
/// written.
pub fn trace(options: &Options) -> Result<Outcome> {
    let program = programs::parse(&options.program)?;
    let folder = options.to.clone().unwrap_or_else(paths::target);
    for build in options.build.map_or(Build::ALL.to_vec(), |build| vec![build]) {
        match take(build, &program, options.cpus, options.ticks, options.seed)? {
            Ok(trace) => trace.write(&folder, build)?,
            Err(why) => {
                eprintln!("no trace of the {build} kernel: {why}");
                return Ok(Outcome::Failed);
            }
        }
    }
    Ok(Outcome::Good)
}

/// Runs a program and notes what every CPU does for so many ticks. The inner error says why there is no trace.
///
/// # Errors
/// When something does not build, QEMU does not start, or the trace contradicts itself.
pub fn take(build: Build, program: &Program, cpus: u16, ticks: u64, seed: u64) -> Result<Result<Trace, String>> {
    let image = kernel_build::traced(build)?;
    let settings = rig::Settings { seed, window: ticks, ..rig::Settings::default() };
    let marked = program.file.is_none() && program.name.starts_with("bench_");
    let settings = if marked { settings } else { rig::Settings { warmup: 0, ..settings } };
    let source = rig::Events {
        bytes: bytes(&image.kernel)?,
        count: u32::try_from(NUMBERS)?,
        opens: (!marked).then(|| u32::try_from(Event::User(0).number())).transpose()?,
    };
    let text = match rig::trace(&image, program, cpus, &settings, &source)? {
        Ok(text) => text,
        Err(why) => return Ok(Err(why)),
    };
    let (begin, end, events) = noted::read(&text)?;
    if events.is_empty() {
        return Ok(Err("nothing happened in the window".to_owned()));
    }
    let timeline = Timeline::of(usize::from(cpus), (begin, end), &events);
    timeline.check()?;
    let kind = if build == Build::Fine { "fine-grained locks" } else { "one big lock" };
    let title = format!("{} on {cpus} CPUs, {kind}: {} ticks", program.word(), end - begin);
    Ok(Ok(Trace { title, timeline }))
}

/// The address of the kernel's bytes.
fn bytes(kernel: &Path) -> Result<u32> {
    let data = fs::read(kernel).with_context(|| format!("cannot read {}", kernel.display()))?;
    let file = object::File::parse(&*data)?;
    let is_wanted = |name: &str| format!("{:#}", rustc_demangle::demangle(name)) == BYTES;
    let symbol = file.symbols().find(|symbol| symbol.name().is_ok_and(is_wanted));
    let symbol = symbol.ok_or_else(|| anyhow!("{} has no {BYTES}", kernel.display()))?;
    Ok(u32::try_from(symbol.address())?)
}

impl Trace {
    /// For Perfetto.
    pub fn json(&self) -> String {
        perfetto::json(&self.timeline, &self.title).to_string()
    }

    /// The picture.
    pub fn svg(&self) -> String {
        picture::svg(&self.timeline, &self.title)
    }

    /// The part, in per cent of all CPUs' time, of a kind of interval: user, kernel, idle, wait, hold.
    pub fn share(&self, kind: &str) -> f64 {
        self.timeline.share(kind)
    }

    fn write(&self, folder: &Path, build: Build) -> Result<()> {
        let [json, svg] = ["json", "svg"].map(|extension| folder.join(format!("trace-{build}.{extension}")));
        for (file, text) in [(&json, self.json()), (&svg, self.svg())] {
            fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
        }
        println!("{}\n  {}\n  for Perfetto (ui.perfetto.dev): {}", self.title, svg.display(), json.display());
        let [user, kernel, wait, idle] = ["user", "kernel", "wait", "idle"].map(|kind| self.share(kind));
        println!("  user {user:.1} %, kernel {kernel:.1} % (of which {wait:.1} % waits), idle {idle:.1} %");
        Ok(())
    }
}
