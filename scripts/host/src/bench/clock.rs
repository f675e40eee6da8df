//! What time is measured with, and what a figure of it is worth.

use std::fs;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::ValueEnum;

use crate::kernel_build::Image;
use crate::outcome::Outcome;
use crate::programs::Program;
use crate::qemu::{self, Accel};
use crate::session::{Record, Session};

/// What time is measured with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Clock {
    /// Virtual time: QEMU's CPUs advance in lock step, one instruction a tick. Any host will do.
    Rig,
    /// The host's clock; QEMU translates, with a host thread for each CPU up to eight.
    Wall,
    /// The host's clock; the host's processor executes.
    Kvm,
}

/// How long the probe of KVM may take.
const PROBE_LIMIT: Duration = Duration::from_secs(20);

impl Clock {
    /// What executes the guest.
    pub(super) fn accel(self) -> Accel {
        if self == Self::Kvm { Accel::Kvm } else { Accel::Tcg }
    }

    /// The numbers of CPUs that are measured if none are named.
    pub(super) fn usual_cpus(self, quick: bool) -> Vec<u16> {
        match (self, quick) {
            (Self::Rig, false) => vec![1, 2, 4, 8, 16, 32, 64],
            (Self::Rig, true) => vec![1, 8, 64],
            (_, false) => vec![1, 2, 4],
            (_, true) => vec![1, 2],
        }
    }

    /// Relative differences below this are not called differences. On the rig figures repeat exactly, but another seed
    /// gives others; by the wall clock they repeat to within this on a host with nothing else to do.
    pub(super) fn same(self) -> f64 {
        if self == Self::Rig { 0.005 } else { 0.05 }
    }

    /// The unit of throughput.
    pub(super) fn unit(self) -> &'static str {
        if self == Self::Rig { "operations per million ticks" } else { "operations a second" }
    }

    /// The same, short.
    pub(super) fn short_unit(self) -> &'static str {
        if self == Self::Rig { "ops/Mtick" } else { "ops/s" }
    }

    /// What the machine is, in whole sentences. `most` is the greatest number of guest CPUs.
    ///
    /// # Errors
    /// When QEMU is not there.
    pub(super) fn machine(self, most: u16) -> Result<Vec<String>> {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let version = qemu::version()?;
        if self == Self::Rig {
            return Ok(RIG.iter().map(|text| (*text).to_owned()).chain([format!("Made of {version}.")]).collect());
        }
        let who = if self == Self::Kvm { "the host's processor (KVM)" } else { "QEMU's translator (TCG)" };
        let mut texts = vec![format!(
            "Wall clock of the host, which has {cores} cores. The guest's instructions are executed by {who}: {version}."
        )];
        if let Some(load) = load() {
            texts.push(format!(
                "Its load average was {load} when this began; what else runs takes away from the figures, and not from \
                 both builds alike."
            ));
        }
        if usize::from(most) > cores {
            texts.push(format!(
                "With more than {cores} guest CPUs it measures the host as much as the kernel: compare the builds with \
                 each other, not the numbers of CPUs."
            ));
        }
        Ok(texts)
    }
}

/// How many threads of the host wanted to run during the last minute, in the kernel's words.
fn load() -> Option<String> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    text.split_whitespace().next().map(str::to_owned)
}

/// The rig's machine. What it leaves out matters as much as what it has.
const RIG: [&str; 3] = [
    "A virtual parallel machine, not the host and not a real computer: N equal CPUs that advance in lock step, one \
     instruction a tick each, whatever the host does meanwhile. The same image and seed give the same figures.",
    "There are no caches: an access to memory costs nothing extra, and an atomic instruction is one tick like any other. \
     So the figures show what the locks do (work that only one CPU at a time can do, waiting, idling), not what \
     moving data between CPUs costs. Fine locks are flattered by that, since their additional atomic instructions are \
     cheap here.",
    "A figure is what all CPUs together do in a window of virtual time in which all of them are busy. It is not a speed in \
     seconds.",
];

/// Refuses KVM where it does not work: the kernel has to boot under it and run a program to its end.
///
/// # Errors
/// When it does not; the message says what happened instead.
pub(super) fn probe_kvm(image: &Image) -> Result<()> {
    let program = Program { name: "bench_page".to_owned(), arguments: vec!["2".into(), "10".into()], file: None };
    let session = Session { image, program: &program, cpus: 2, accel: Accel::Kvm, options: &[], limit: PROBE_LIMIT };
    let record = session.run()?;
    if record.outcome == Outcome::Good && record.lines.iter().any(|line| line.text.starts_with("BENCH page end")) {
        return Ok(());
    }
    bail!(
        "KVM does not run this kernel here, so there is nothing to measure: {}\n{}{}",
        what_happened(&record),
        record.messages,
        record.tail(4)
    )
}

fn what_happened(record: &Record) -> String {
    match record.outcome {
        Outcome::TimeUp => format!("no end within {} s", PROBE_LIMIT.as_secs()),
        Outcome::KernelFault | Outcome::Stuck => "the kernel complained, or the machine reset itself".to_owned(),
        Outcome::Interrupted => "interrupted".to_owned(),
        _ => "QEMU or the program failed".to_owned(),
    }
}
