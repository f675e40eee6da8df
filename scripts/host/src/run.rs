//! `jos run`: boots the kernel with programs and shows what they print.
//!
//! The guest's serial line is this process' standard output, the keyboard its input. The exit status says
//! what became of the kernel; see [`crate::outcome`].

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Args;

use crate::guest::{Event, Guest};
use crate::interrupt;
use crate::kernel_build::{self, Image};
use crate::options::{KernelOptions, MachineOptions};
use crate::outcome::{Ended, Outcome};
use crate::programs::{self, Program};
use crate::qemu::{Boot, Machine, Module};
use crate::serial::{Complaints, Splitter};
use crate::terminal::Terminal;

/// Boot the kernel with programs and show what they print
///
/// Without --keep-monitor QEMU ends as soon as nothing is runnable any more. Keys go to the guest; Ctrl-C ends
/// it.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Programs to start: names from user/, as NAME or NAME:ARG:ARG, or paths to ELF files [default: primes].
    #[arg(value_name = "PROGRAM")]
    programs: Vec<String>,
    #[command(flatten)]
    machine: MachineOptions,
    #[command(flatten)]
    kernel: KernelOptions,
    /// End the run after this many seconds, with status 3.
    #[arg(long, value_name = "S")]
    timeout: Option<f64>,
    /// Wait for gdb before the first instruction.
    #[arg(long)]
    gdb: bool,
    /// Enter the kernel's monitor when nothing is runnable, as JOS does.
    #[arg(long)]
    keep_monitor: bool,
    /// No lines about the life of environments.
    #[arg(long)]
    quiet: bool,
    /// A word more for the kernel's command line, such as audit=1000. Can be given more than once.
    #[arg(long = "option", value_name = "WORD")]
    kernel_options: Vec<String>,
    /// More arguments for QEMU.
    #[arg(last = true, value_name = "QEMU ARGS")]
    extra: Vec<OsString>,
}

/// Runs the sub-command.
///
/// # Errors
/// When a program is unknown, the kernel does not build, or QEMU does not start.
pub fn run(options: &Options) -> Result<Outcome> {
    let named: Vec<&str> = if options.programs.is_empty() {
        vec!["primes"]
    } else {
        options.programs.iter().map(String::as_str).collect()
    };
    let programs = named.iter().map(|typed| programs::parse(typed)).collect::<Result<Vec<_>>>()?;
    let limit = options.timeout.map(Duration::try_from_secs_f64).transpose()?;
    let KernelOptions { build, profile, mode } = options.kernel;
    let image = kernel_build::build_watching(build, profile, mode)?;
    let machine = machine(options, &image, &programs)?;
    if options.gdb {
        let kernel = image.kernel.display();
        eprintln!("QEMU waits for: gdb '{kernel}' -ex 'target remote :1234'");
    }
    show(&machine, &image.kernel, limit)
}

fn machine(options: &Options, image: &Image, programs: &[Program]) -> Result<Machine> {
    let mut words: Vec<String> = Vec::new();
    words.extend(options.quiet.then(|| "quiet".to_owned()));
    words.extend((!options.keep_monitor).then(|| "poweroff".to_owned()));
    words.extend(options.kernel_options.iter().cloned());
    words.extend(programs.iter().map(Program::word));
    let mut modules = programs::modules(programs, &image.programs)?;
    modules.push(symbol_table(image));
    let MachineOptions { cpus, memory, accel, threads } = options.machine.clone();
    let boot = Boot::Kernel { image: image.boot.clone(), words, modules };
    Ok(Machine { cpus, memory, accel, threads, gdb: options.gdb, boot, extra: options.extra.clone() })
}

/// The module with the kernel's symbols.
pub fn symbol_table(image: &Image) -> Module {
    Module { name: "kernel.sym".to_owned(), path: image.symbols.clone() }
}

/// Boots `machine` on this terminal and waits for its end, at most `limit`. `kernel` is its kernel with symbols.
fn show(machine: &Machine, kernel: &Path, limit: Option<Duration>) -> Result<Outcome> {
    let _terminal = Terminal::remember();
    let mut guest = Guest::boot(machine, Stdio::inherit())?;
    let deadline = limit.map(|limit| Instant::now() + limit);
    let (mut splitter, mut complaints) = (Splitter::default(), Complaints::default());
    loop {
        match guest.next(deadline) {
            Event::Serial(at, bytes) => {
                for line in splitter.push(at, &bytes) {
                    complaints.look(&line.text);
                }
                let mut output = io::stdout().lock();
                if output.write_all(&bytes).and_then(|()| output.flush()).is_err() {
                    // Whoever read our output has seen enough.
                    return Ok(verdict(None, &complaints));
                }
            }
            Event::Message(bytes) => io::stderr().write_all(&bytes)?,
            Event::TimeUp => {
                let whereabouts = guest.whereabouts(kernel);
                drop(guest);
                eprintln!("\nscripts/jos: the time limit of {:.1} s is over", limit.unwrap_or_default().as_secs_f64());
                eprint!("{whereabouts}");
                return Ok(if complaints.any() { Outcome::KernelFault } else { Outcome::TimeUp });
            }
            Event::Interrupted => {
                guest.dismiss();
                eprintln!();
                return Ok(Outcome::Interrupted);
            }
            // Ctrl-C reaches QEMU too, and it may be quicker.
            Event::Ended if interrupt::seen() => return Ok(Outcome::Interrupted),
            Event::Ended => break,
        }
    }
    let status = guest.finish()?;
    explain(status)?;
    Ok(verdict(Some(status), &complaints))
}

/// Says what the kernel cannot say itself.
fn explain(status: ExitStatus) -> Result<()> {
    let ended = Ended::from_status(status);
    if ended == Ended::Failed {
        bail!("QEMU failed ({status})");
    }
    if let Some(text) = ended.text() {
        eprintln!("scripts/jos: {text}");
    }
    Ok(())
}

fn verdict(status: Option<ExitStatus>, complaints: &Complaints) -> Outcome {
    let told = status.map_or(Outcome::Good, |status| Ended::from_status(status).outcome());
    if complaints.any() { told.worse(Outcome::KernelFault) } else { told }
}
