//! A running guest: the QEMU process, what it writes, and its end.
//!
//! Two threads read QEMU's standard output (the guest's serial line) and standard error and feed one
//! channel, so a caller waits in one place, with a deadline, and notices Ctrl-C. Dropping a [`Guest`]
//! kills the process; none outlives this tool.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::interrupt;
use crate::monitor::{self, Monitor};
use crate::qemu::{self, Machine};

/// How often a wait looks for Ctrl-C.
const GLANCE: Duration = Duration::from_millis(100);

/// How long QEMU gets to put the terminal in order after Ctrl-C, before it is killed.
const GRACE: Duration = Duration::from_secs(1);

/// Something the guest did.
#[derive(Debug)]
pub enum Event {
    /// Bytes came over the serial line.
    Serial(Instant, Vec<u8>),
    /// QEMU itself said something.
    Message(Vec<u8>),
    /// QEMU has closed both; it is ending.
    Ended,
    /// The deadline passed first.
    TimeUp,
    /// Ctrl-C, or a signal like it.
    Interrupted,
}

/// A QEMU process.
#[derive(Debug)]
pub struct Guest {
    child: Child,
    events: Receiver<Event>,
    /// Holds the links QEMU was started with, and its monitor; goes away with the guest.
    staging: TempDir,
}

impl Guest {
    /// Starts QEMU. `input` becomes the guest's keyboard.
    ///
    /// # Errors
    /// When QEMU is not there or `machine` makes no sense. What QEMU itself dislikes comes as
    /// [`Event::Message`] and a bad exit status.
    pub fn boot(machine: &Machine, input: Stdio) -> Result<Self> {
        Self::boot_with(machine, input, |_| ())
    }

    /// The same, after `adjust` has had its way with the command.
    ///
    /// # Errors
    /// As for [`Guest::boot`].
    pub fn boot_with(machine: &Machine, input: Stdio, adjust: impl FnOnce(&mut Command)) -> Result<Self> {
        let staging = staging().context("cannot create a temporary folder")?;
        let mut command = machine.command(staging.path())?;
        adjust(&mut command);
        command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("cannot start {}", command.get_program().display()))?;
        let (sender, events) = channel();
        if let Some(serial) = child.stdout.take() {
            forward(serial, sender.clone(), |bytes| Event::Serial(Instant::now(), bytes));
        }
        if let Some(messages) = child.stderr.take() {
            forward(messages, sender, Event::Message);
        }
        Ok(Self { child, events, staging })
    }

    /// Waits for the next event, until `deadline` if there is one.
    pub fn next(&self, deadline: Option<Instant>) -> Event {
        loop {
            if interrupt::seen() {
                return Event::Interrupted;
            }
            let left = deadline.map_or(GLANCE, |deadline| deadline.saturating_duration_since(Instant::now()));
            match self.events.recv_timeout(left.min(GLANCE)) {
                Ok(event) => return event,
                Err(RecvTimeoutError::Disconnected) => return Event::Ended,
                Err(RecvTimeoutError::Timeout) if left.is_zero() => return Event::TimeUp,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Types `text` on the guest's keyboard. The guest has to have been booted with a pipe as its input.
    ///
    /// # Errors
    /// When there is no such pipe, or QEMU has gone.
    pub fn type_in(&mut self, text: &str) -> Result<()> {
        let keyboard = self.child.stdin.as_mut().context("the guest has no keyboard")?;
        keyboard.write_all(text.as_bytes()).and_then(|()| keyboard.flush()).context("QEMU takes no more input")
    }

    /// QEMU's monitor.
    ///
    /// # Errors
    /// When QEMU has gone.
    pub fn monitor(&self) -> Result<Monitor> {
        Monitor::connect(&qemu::monitor(self.staging.path()))
    }

    /// Where each CPU is, in lines; for a guest that does not end. `kernel` is the kernel's ELF file.
    pub fn whereabouts(&self, kernel: &Path) -> String {
        monitor::whereabouts(&qemu::monitor(self.staging.path()), kernel)
    }

    /// Waits for the process to end. Call it after [`Event::Ended`].
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn finish(&mut self) -> Result<ExitStatus> {
        self.child.wait().context("cannot wait for QEMU")
    }

    /// Ends QEMU after Ctrl-C. It has seen the signal too, and restores the terminal if it gets the time.
    pub fn dismiss(mut self) {
        let end = Instant::now() + GRACE;
        while Instant::now() < end && matches!(self.child.try_wait(), Ok(None)) {
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // Both fail only when the process is gone already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder whose path QEMU can take: see [`Machine::command`].
pub(crate) fn staging() -> Result<TempDir> {
    let usual = std::env::temp_dir();
    let plain = usual.to_str().is_some_and(|path| !path.contains([' ', ',']));
    let parent = if plain { usual.as_path() } else { Path::new("/tmp") };
    Ok(tempfile::Builder::new().prefix("jos-").tempdir_in(parent)?)
}

fn forward(mut from: impl Read + Send + 'static, to: Sender<Event>, wrap: fn(Vec<u8>) -> Event) {
    thread::spawn(move || {
        let mut buffer = [0; 16 * 1024];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            if to.send(wrap(buffer[..length].to_vec())).is_err() {
                break;
            }
        }
    });
}
