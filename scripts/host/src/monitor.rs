//! QEMU's monitor, over a socket in the guest's own folder: where each CPU is, when nothing else says so.
//!
//! A guest that has not ended in its time may be silent because every CPU is halted, because a program goes on for ever, or
//! because the kernel does. [`whereabouts`] says which. It looks a few times, since one look at a CPU that goes round says little.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::symbols;

/// How QEMU asks for the next command.
const PROMPT: &[u8] = b"(qemu) ";

/// How long an answer may take on a host with much to do.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often to look, and how long to wait between.
const LOOKS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(150);

/// Where the kernel's addresses begin, and the interrupt flag.
const KERNBASE: u32 = 0xf000_0000;
const EFLAGS_IF: u32 = 1 << 9;

/// A connection to the monitor.
#[derive(Debug)]
pub struct Monitor(UnixStream);

impl Monitor {
    /// Connects to the socket at `path`.
    ///
    /// # Errors
    /// When QEMU is not there or does not answer.
    pub fn connect(path: &Path) -> Result<Self> {
        let stream = UnixStream::connect(path).context("QEMU's monitor cannot be reached")?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut monitor = Self(stream);
        monitor.answer()?;
        Ok(monitor)
    }

    /// Gives a command; returns what QEMU says to it.
    ///
    /// # Errors
    /// When QEMU has gone or does not answer.
    pub fn ask(&mut self, command: &str) -> Result<String> {
        self.0.write_all(format!("{command}\n").as_bytes()).context("QEMU's monitor takes no command")?;
        self.answer()
    }

    fn answer(&mut self) -> Result<String> {
        let (mut answer, mut buffer, end) = (Vec::new(), [0; 4096], Instant::now() + PATIENCE);
        while !answer.ends_with(PROMPT) {
            let length = self.0.read(&mut buffer).context("QEMU's monitor does not answer")?;
            if length == 0 || Instant::now() > end {
                bail!("QEMU's monitor does not answer");
            }
            answer.extend_from_slice(&buffer[..length]);
        }
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }
}

/// One look at a CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Look {
    eip: u32,
    privilege: u32,
    eflags: u32,
    halted: bool,
}

/// Where each CPU is, a line for all that are at the same: `kernel` is the ELF file that names functions.
pub fn whereabouts(socket: &Path, kernel: &Path) -> String {
    let text = looks(socket).map(|looks| {
        // Without names the addresses still say something.
        let names = symbols::Names::read(kernel).unwrap_or_default();
        describe(&looks, |eip| names.at(eip))
    });
    text.unwrap_or_else(|error| format!("where the CPUs are is not known: {error:#}\n"))
}

/// A few looks at every CPU, CPU by CPU.
fn looks(socket: &Path) -> Result<BTreeMap<u32, Vec<Look>>> {
    let mut monitor = Monitor::connect(socket)?;
    let mut looks: BTreeMap<u32, Vec<Look>> = BTreeMap::new();
    for i in 0..LOOKS {
        if i > 0 {
            thread::sleep(PAUSE);
        }
        for (cpu, look) in parse(&monitor.ask("info registers -a")?) {
            looks.entry(cpu).or_default().push(look);
        }
    }
    if looks.is_empty() {
        bail!("QEMU's monitor shows no registers");
    }
    Ok(looks)
}

/// Reads the registers of all CPUs.
fn parse(answer: &str) -> Vec<(u32, Look)> {
    let parts = answer.split("CPU#").skip(1);
    parts
        .filter_map(|part| {
            let cpu = part.split_whitespace().next()?.parse().ok()?;
            let field = |name: &str| part.split_once(name)?.1.split_whitespace().next();
            let hex = |name: &str| u32::from_str_radix(field(name)?, 16).ok();
            let look = Look {
                eip: hex("EIP=")?,
                privilege: hex("CPL=")?,
                eflags: hex("EFL=")?,
                halted: field("HLT=")? == "1",
            };
            Some((cpu, look))
        })
        .collect()
}

/// All looks in words.
fn describe(looks: &BTreeMap<u32, Vec<Look>>, name: impl Fn(u32) -> Option<String>) -> String {
    // Most CPUs of a large machine are at the same: a line for each would hide the one that is not.
    let mut lines: Vec<(String, Vec<u32>)> = Vec::new();
    for (&cpu, looks) in looks {
        let mut words: Vec<String> = looks.iter().map(|look| look.words(&name)).collect();
        words.dedup();
        let words = words.join(", then ");
        match lines.iter_mut().find(|line| line.0 == words) {
            Some((_, cpus)) => cpus.push(cpu),
            None => lines.push((words, vec![cpu])),
        }
    }
    lines.iter().fold(String::new(), |mut text, (words, cpus)| {
        let _ = writeln!(text, "CPU {}: {words}", list(cpus));
        text
    })
}

impl Look {
    fn words(self, name: impl Fn(u32) -> Option<String>) -> String {
        let named =
            || name(self.eip).map_or_else(|| format!("{:08x}", self.eip), |name| format!("{name} ({:08x})", self.eip));
        match self {
            Self { privilege: 1.., eip, .. } => format!("user mode at {eip:08x}"),
            Self { eip: ..KERNBASE, halted, .. } => {
                format!("not in the kernel yet{}", if halted { ", halted" } else { "" })
            }
            Self { halted: true, eflags, .. } if eflags & EFLAGS_IF != 0 => "halted, idle".to_owned(),
            Self { halted: true, .. } => format!("halted for good in {}", named()),
            _ => format!("kernel at {}", named()),
        }
    }
}

/// Numbers in ascending order, those in a row as a range: `0, 3-7`.
fn list(numbers: &[u32]) -> String {
    let runs = numbers.chunk_by(|a, b| a + 1 == *b);
    let words = runs.map(|run| match run {
        [first, .., last] => format!("{first}-{last}"),
        other => other.iter().map(u32::to_string).collect(),
    });
    words.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = "info registers -a\r\n\r\nCPU#0\r\nEAX=00000000 EBX=1\r\n\
        EIP=f0101234 EFL=00000046 [---Z-P-] CPL=0 II=0 A20=1 SMM=0 HLT=0\r\nES =0010\r\n\r\nCPU#1\r\n\
        EIP=00800020 EFL=00000246 [---Z-P-] CPL=3 II=0 A20=1 SMM=0 HLT=0\r\n\r\nCPU#2\r\n\
        EIP=f0100002 EFL=00000246 [---Z-P-] CPL=0 II=0 A20=1 SMM=0 HLT=1\r\n(qemu) ";

    #[test]
    fn registers_become_words() {
        let looks = parse(ANSWER).into_iter().map(|(cpu, look)| (cpu, vec![look])).collect();
        let text = describe(&looks, |eip| (eip == 0xf010_1234).then(|| "a.rs:1: f".to_owned()));
        assert_eq!(text, "CPU 0: kernel at a.rs:1: f (f0101234)\nCPU 1: user mode at 00800020\nCPU 2: halted, idle\n");
    }

    #[test]
    fn cpus_at_the_same_share_a_line() {
        let look = |eip| Look { eip, privilege: 0, eflags: 0, halted: false };
        let looks =
            [(0, vec![look(KERNBASE)]), (1, vec![look(1)]), (2, vec![look(KERNBASE); 3]), (3, vec![look(KERNBASE)])];
        let text = describe(&looks.into_iter().collect(), |_| None);
        assert_eq!(text, "CPU 0, 2-3: kernel at f0000000\nCPU 1: not in the kernel yet\n");
    }
}
