//! The rig: QEMU as a virtual parallel machine in which throughput can be measured on any host.
//!
//! A plugin (`scripts/rig`) lets the virtual CPUs advance in lock step in virtual time: one at a time, always the one
//! that is least far, so the figures are those of N equal CPUs that run at the same time, whatever the host does
//! meanwhile. One tick is one instruction of one CPU; there are no caches, and an atomic instruction costs what any
//! other does. `process` runs one point; this file says what goes in and what comes out.

pub mod footprints;
pub mod plugin;
mod process;
mod results;

use std::time::Duration;

use anyhow::Result;

use crate::kernel_build::Image;
use crate::programs::Program;

/// How to measure. [`Settings::default`] is what `bench` uses.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Chooses among the interleavings the model allows. Same image, same seed: the same history.
    pub seed: u64,
    /// How many ticks a CPU may be ahead of the slowest when nothing orders them. Results hardly depend on it.
    pub quantum: u32,
    /// Ticks between the first `WINDOW_BEGIN` mark and the opening of the window: what happens meanwhile is not counted.
    pub warmup: u64,
    /// Ticks after which the window closes, if no worker's `WINDOW_END` mark has closed it before.
    pub window: u64,
    /// Nanoseconds of the guest's clocks (LAPIC timer, 8254) in a tick.
    pub nanoseconds: u32,
    /// Measure a second time with a model of caches, in which moving a line to another CPU costs so many ticks.
    pub model: Option<u32>,
    /// Note which lines of memory the kernel touches for each operation.
    pub footprints: bool,
    /// The host core to run on, so that several points can be measured at once. Taken modulo the cores there are.
    pub core: usize,
    /// Watch-dog, in time of the host.
    pub limit: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            quantum: 1000,
            warmup: 50_000,
            window: 2_000_000,
            nanoseconds: 10,
            model: None,
            footprints: false,
            core: 0,
            limit: Duration::from_secs(300),
        }
    }
}

/// Where one CPU's ticks inside the window went. They add up to the window's ticks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuTime {
    /// Programs ran.
    pub user: u64,
    /// The kernel ran and did not wait.
    pub kernel: u64,
    /// Waiting in a loop with `pause` in it: for a lock, or for another CPU.
    pub spin: u64,
    /// Halted.
    pub idle: u64,
}

/// Where CPUs waited, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpinSite {
    /// Address of the `pause`.
    pub pc: u32,
    /// The calls that led there, innermost first: addresses of the `call` instructions in the kernel. May be empty.
    pub callers: Vec<u32>,
    /// Ticks inside the window, all CPUs together.
    pub ticks: u64,
}

/// One measurement.
#[derive(Clone, Debug, Default)]
pub struct Point {
    /// Operations done inside the window, all CPUs together.
    pub ops: u64,
    /// Ticks from power-on to the first worker's first mark: the firmware, the kernel, and loading the program.
    pub began: u64,
    /// Length of the window in ticks.
    pub ticks: u64,
    /// By CPU.
    pub cpus: Vec<CpuTime>,
    /// Where CPUs waited, the longest first.
    pub sites: Vec<SpinSite>,
    /// How often a CPU had to be let go out of turn, because the host seemed stuck. Above 0.01 % of the turns there is
    /// no point, but an error.
    pub forced: u64,
    /// How many turns CPUs had.
    pub turns: u64,
    /// Whose turns they were, and when each began, from power-on: two runs with the same number went the same way.
    pub history: u64,
    /// How often an atomic instruction on a shared line came up to a quantum too early.
    pub disorder: u64,
    /// What each operation touched, if that was asked for.
    pub footprints: footprints::Footprints,
    /// Operations inside the window of the run with the model of caches, if one was asked for.
    pub modelled_ops: Option<u64>,
    /// Length of that window in ticks.
    pub modelled_ticks: Option<u64>,
}

impl Point {
    /// Operations per million ticks.
    pub fn throughput(&self) -> f64 {
        per_million(self.ops, self.ticks)
    }

    /// The same with the model of caches.
    pub fn modelled_throughput(&self) -> Option<f64> {
        Some(per_million(self.modelled_ops?, self.modelled_ticks?))
    }
}

/// How a traced kernel tells of events: by stores to bytes, each of which is one.
#[derive(Clone, Copy, Debug)]
pub struct Events {
    /// The address of the first byte.
    pub bytes: u32,
    /// How many there are.
    pub count: u32,
    /// The first of the 1024 events that open the window, for programs without marks.
    pub opens: Option<u32>,
}

/// Boots the traced kernel `image` with `program`, and gives what its events were inside the window or, if that has not closed
/// before, up to the program's end: lines as the plugin writes them (`scripts/rig/src/trace.rs`).
///
/// # Errors
/// As [`measure`].
pub fn trace(
    image: &Image,
    program: &Program,
    cpus: u16,
    settings: &Settings,
    events: &Events,
) -> Result<Result<String, String>> {
    process::trace(image, program, cpus, settings, events)
}

fn per_million(ops: u64, ticks: u64) -> f64 {
    ops as f64 * 1e6 / ticks.max(1) as f64
}

/// Boots `image` on `cpus` CPUs with `program` and measures between its marks (`abi::mark`). The machine is switched off
/// when the window closes, so a program may do any amount of work.
///
/// # Errors
/// When the plugin does not build or QEMU does not start. The inner one says why this one measurement failed: no mark
/// came, the kernel complained, the time limit was reached, the host was too slow to keep the CPUs in step.
pub fn measure(image: &Image, program: &Program, cpus: u16, settings: &Settings) -> Result<Result<Point, String>> {
    let mut point = match process::run(image, program, cpus, settings, None)? {
        Ok(point) => point,
        Err(why) => return Ok(Err(why)),
    };
    if let Some(cost) = settings.model {
        match process::run(image, program, cpus, settings, Some(cost))? {
            Ok(modelled) => (point.modelled_ops, point.modelled_ticks) = (Some(modelled.ops), Some(modelled.ticks)),
            Err(why) => return Ok(Err(format!("with the model of caches: {why}"))),
        }
    }
    Ok(Ok(point))
}
