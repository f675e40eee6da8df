//! Made-up figures for tests of what is made of figures.

use super::figure::{Cell, Detail, Figure, Span, Wait};
use super::places::Place;
use super::workloads;
use crate::kernel_build::Build;
use crate::rig::CpuTime;

/// A cell of the rig: so many operations in a million ticks, and so many of a thousand ticks spent spinning.
pub(super) fn cell(build: Build, workload: &str, cpus: u16, operations: u64, spin: u64) -> Cell {
    let all = 1_000_000 * u64::from(cpus);
    let spin = all / 1000 * spin;
    let time = CpuTime { user: all / 5, kernel: all - all / 5 - spin, spin, idle: 0 };
    let place = Place {
        at: "kernel/src/run.rs:44".to_owned(),
        function: "kernel::run::enter".to_owned(),
        code: "a < b && \"c\"".to_owned(),
    };
    let detail = Detail { time, waits: vec![Wait { place, ticks: spin }], modelled: None, forced: 0, turns: 1000 };
    let figure = Figure { operations, span: Span::Ticks(1_000_000), detail: Some(detail) };
    let workload = workloads::ALL.into_iter().find(|known| known.name == workload).expect("a known workload");
    Cell { build, workload, cpus, result: Ok(figure) }
}

/// Both builds of a workload on 1, 2, 4 … CPUs: operations of the fine build and of the big-lock build.
pub(super) fn pairs(workload: &str, operations: &[(u64, u64)]) -> Vec<[Cell; 2]> {
    let pair = |(i, &(fine, big)): (usize, &(u64, u64))| {
        let cpus = 1 << i;
        [cell(Build::Fine, workload, cpus, fine, 1), cell(Build::Big, workload, cpus, big, 500)]
    };
    operations.iter().enumerate().map(pair).collect()
}
