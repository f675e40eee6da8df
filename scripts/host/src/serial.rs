//! What the guest writes to its serial line, as lines, and the lines that mean trouble.

use std::time::Instant;

/// Cuts a stream of bytes into lines.
#[derive(Debug, Default)]
pub struct Splitter {
    partial: Vec<u8>,
}

/// One line without its end, and when its last byte arrived.
#[derive(Clone, Debug)]
pub struct Line {
    /// Arrival, as the host saw it.
    pub at: Instant,
    /// The text; bytes that are no UTF-8 are replaced.
    pub text: String,
}

impl Splitter {
    /// Takes bytes that arrived `at`, returns the lines they complete.
    pub fn push(&mut self, at: Instant, bytes: &[u8]) -> Vec<Line> {
        self.partial.extend_from_slice(bytes);
        let Some(end) = self.partial.iter().rposition(|&byte| byte == b'\n') else {
            return Vec::new();
        };
        let rest = self.partial.split_off(end + 1);
        let complete = std::mem::replace(&mut self.partial, rest);
        let text = String::from_utf8_lossy(&complete);
        text.lines().map(|line| Line { at, text: line.trim_start_matches('\r').to_owned() }).collect()
    }

    /// The line that has begun and not ended, such as a prompt.
    pub fn partial(&self) -> String {
        String::from_utf8_lossy(&self.partial).into_owned()
    }
}

/// The kernel's complaints, collected from its lines.
#[derive(Clone, Debug, Default)]
pub struct Complaints {
    /// The first of each kind, in order of arrival.
    pub lines: Vec<String>,
}

/// How a line with a complaint begins.
const SIGNS: [&str; 6] = ["kernel panic", "kernel stuck", "LOCKREPORT ", "audit: LEAK", "audit: FAULTS", "AUDITFAULT "];

impl Complaints {
    /// Looks at one more line.
    pub fn look(&mut self, line: &str) {
        let known = |sign: &str| self.lines.iter().any(|line| line.starts_with(sign));
        if SIGNS.iter().any(|sign| line.starts_with(sign) && !known(sign)) {
            self.lines.push(line.to_owned());
        }
    }

    /// Whether the kernel had any.
    pub fn any(&self) -> bool {
        !self.lines.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(lines: Vec<Line>) -> Vec<String> {
        lines.into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn lines_are_put_together_from_pieces() {
        let (mut splitter, now) = (Splitter::default(), Instant::now());
        assert!(splitter.push(now, b"CPU 0: 2 ").is_empty());
        assert_eq!(splitter.partial(), "CPU 0: 2 ");
        assert_eq!(texts(splitter.push(now, b"[00001001] new\nnext\r\nK> ")), ["CPU 0: 2 [00001001] new", "next"]);
        assert_eq!(splitter.partial(), "K> ");
    }

    #[test]
    fn an_empty_line_is_a_line() {
        assert_eq!(texts(Splitter::default().push(Instant::now(), b"\n\na\n")), ["", "", "a"]);
    }

    #[test]
    fn complaints_are_known_by_how_the_line_begins() {
        let mut complaints = Complaints::default();
        complaints.look("a program says kernel panic");
        assert!(!complaints.any());
        complaints.look("kernel panic on CPU 1 at kernel/src/run.rs:3: no");
        complaints.look("kernel panic on CPU 2 at kernel/src/run.rs:3: no");
        complaints.look("audit: ok, 30000 frames and 1024 env slots free");
        assert_eq!(complaints.lines.len(), 1);
    }
}
