//! A child process whose lines are looked at as they come, and which can be ended early.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::interrupt;

/// How often a wait looks for Ctrl-C.
const GLANCE: Duration = Duration::from_millis(100);

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// By itself.
    Exit(ExitStatus),
    /// A line was what was waited for.
    Seen,
    /// The time was over.
    TimeUp,
    /// Ctrl-C.
    Interrupted,
}

/// What a child said, and how it ended.
#[derive(Debug)]
pub(super) struct Watched {
    /// Its lines, both outputs mixed.
    pub(super) lines: Vec<String>,
    /// Its end.
    pub(super) end: End,
}

impl Watched {
    /// The last lines, for people.
    pub(super) fn tail(&self, count: usize) -> String {
        self.lines[self.lines.len().saturating_sub(count)..].join("\n")
    }
}

/// Runs a child until it ends, until `seen` says so of a line, or until `limit` is over. All that it started ends with it.
///
/// # Errors
/// When it does not start.
pub(super) fn watch(command: &mut Command, limit: Duration, seen: impl Fn(&str) -> bool) -> Result<Watched> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child =
        command.spawn().with_context(|| format!("cannot start {}", command.get_program().to_string_lossy()))?;
    let (sender, lines) = channel();
    if let Some(output) = child.stdout.take() {
        forward(output, sender.clone());
    }
    if let Some(output) = child.stderr.take() {
        forward(output, sender);
    }
    let deadline = Instant::now() + limit;
    let mut watched = Watched { lines: Vec::new(), end: End::TimeUp };
    watched.end = loop {
        if interrupt::seen() {
            break End::Interrupted;
        }
        match lines.recv_timeout(GLANCE) {
            Ok(line) => {
                let found = seen(&line);
                watched.lines.push(line);
                if found {
                    break End::Seen;
                }
            }
            Err(RecvTimeoutError::Disconnected) => break End::Exit(child.wait()?),
            Err(RecvTimeoutError::Timeout) if Instant::now() > deadline => break End::TimeUp,
            Err(RecvTimeoutError::Timeout) => {}
        }
    };
    if !matches!(watched.end, End::Exit(_)) {
        finish(&mut child);
    }
    Ok(watched)
}

fn forward(from: impl Read + Send + 'static, to: Sender<String>) {
    thread::spawn(move || {
        for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
            if to.send(String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned()).is_err() {
                return;
            }
        }
    });
}

/// Asks the child and all that it started to end, and sees to it.
fn finish(child: &mut Child) {
    let group = Pid::from_child(child);
    // These fail only when there is nobody left.
    let _ = kill_process_group(group, Signal::TERM);
    let end = Instant::now() + Duration::from_secs(2);
    while Instant::now() < end && matches!(child.try_wait(), Ok(None)) {
        thread::sleep(Duration::from_millis(20));
    }
    let _ = kill_process_group(group, Signal::KILL);
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_line_ends_it_early() {
        let watched = watch(&mut shell("echo one; echo two; sleep 60"), GLANCE * 300, |line| line == "two").unwrap();
        assert_eq!((watched.end, watched.tail(2).as_str()), (End::Seen, "one\ntwo"));
    }

    #[test]
    fn time_ends_it_and_what_it_started() {
        let watched = watch(&mut shell("sleep 600 & sleep 600; echo no"), GLANCE, |_| false).unwrap();
        assert_eq!(watched.end, End::TimeUp);
        let watched = watch(&mut shell("echo bad >&2; exit 3"), GLANCE * 300, |_| false).unwrap();
        assert!(matches!(watched.end, End::Exit(status) if status.code() == Some(3)));
        assert_eq!(watched.lines, ["bad"]);
    }
}
