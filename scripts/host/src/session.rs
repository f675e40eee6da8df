//! One unattended run of the kernel: boot, collect the lines with their times, wait for the end.
//!
//! What `stress` and `bench` do again and again. A run powers off by itself; what it says can be watched while it
//! comes.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::guest::{Event, Guest};
use crate::interrupt;
use crate::kernel_build::Image;
use crate::outcome::{Ended, Outcome};
use crate::programs::{self, Program};
use crate::qemu::{Accel, Boot, Machine};
use crate::run;
use crate::serial::{Complaints, Line, Splitter};

/// What to run.
pub struct Session<'a> {
    /// The kernel.
    pub image: &'a Image,
    /// The one program.
    pub program: &'a Program,
    /// Guest CPUs.
    pub cpus: u16,
    /// What executes the guest.
    pub accel: Accel,
    /// Words for the kernel's command line, besides `poweroff` and `quiet`.
    pub options: &'a [String],
    /// When to give up.
    pub limit: Duration,
}

/// What came of it.
pub struct Record {
    /// Every line, with its time of arrival.
    pub lines: Vec<Line>,
    /// What QEMU itself said, and where its CPUs were when the time was up.
    pub messages: String,
    /// How it ended.
    pub outcome: Outcome,
}

impl Record {
    /// The last `count` lines.
    pub fn tail(&self, count: usize) -> String {
        let from = self.lines.len().saturating_sub(count);
        let lines: Vec<_> = self.lines[from..].iter().map(|line| format!("    {}", line.text)).collect();
        lines.join("\n")
    }
}

impl Session<'_> {
    /// Runs it to its end.
    ///
    /// # Errors
    /// When QEMU does not start.
    pub fn run(&self) -> Result<Record> {
        let mut guest = Guest::boot(&self.machine()?, Stdio::null())?;
        let deadline = Instant::now() + self.limit;
        let mut splitter = Splitter::default();
        let mut record = Record { lines: Vec::new(), messages: String::new(), outcome: Outcome::TimeUp };
        record.outcome = loop {
            match guest.next(Some(deadline)) {
                Event::Serial(at, bytes) => {
                    record.lines.extend(splitter.push(at, &bytes));
                    // A program that broke down is in the monitor, where nobody will ever type.
                    if splitter.partial() == "K> " {
                        break Outcome::Failed;
                    }
                }
                Event::Message(bytes) => record.messages.push_str(&String::from_utf8_lossy(&bytes)),
                Event::TimeUp => {
                    record.messages.push_str(&guest.whereabouts(&self.image.kernel));
                    break Outcome::TimeUp;
                }
                Event::Interrupted => break Outcome::Interrupted,
                // Ctrl-C reaches QEMU too, and it may be quicker.
                Event::Ended if interrupt::seen() => break Outcome::Interrupted,
                Event::Ended => break Ended::from_status(guest.finish()?).outcome(),
            }
        };
        let mut complaints = Complaints::default();
        record.lines.iter().for_each(|line| complaints.look(&line.text));
        if complaints.any() {
            record.outcome = record.outcome.worse(Outcome::KernelFault);
        }
        Ok(record)
    }

    /// The machine it runs on.
    ///
    /// # Errors
    /// When the program is not there.
    pub fn machine(&self) -> Result<Machine> {
        let mut words = vec!["poweroff".to_owned(), "quiet".to_owned()];
        words.extend_from_slice(self.options);
        words.push(self.program.word());
        let mut modules = programs::modules(std::slice::from_ref(self.program), &self.image.programs)?;
        modules.push(run::symbol_table(self.image));
        let boot = Boot::Kernel { image: self.image.boot.clone(), words, modules };
        Ok(Machine {
            cpus: self.cpus,
            memory: 128,
            accel: self.accel,
            threads: None,
            gdb: false,
            boot,
            extra: Vec::new(),
        })
    }
}
