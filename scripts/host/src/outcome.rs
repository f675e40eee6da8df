//! How a sub-command ended, as an exit status.
//!
//! One table for every sub-command that runs the kernel; scripts and CI rely on it. Anything that is an
//! `Err` instead (a wrong argument, a tool that is missing, a build that failed) becomes status 1 in
//! `main`.

use std::process::{ExitCode, ExitStatus};

/// What the kernel did, seen as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every environment ended and nothing was wrong. Status 0.
    Good,
    /// The time limit was reached first. Status 3.
    TimeUp,
    /// The checks of the sub-command itself found something: a test failed. Status 1.
    Failed,
    /// The kernel panicked, reported a wrong lock order, leaked, or reset the machine. Status 2.
    KernelFault,
    /// The kernel noticed that CPUs wait for ever: it said who and for what. Status 4.
    Stuck,
    /// The kernel's watch-dog noticed that a CPU goes on for ever. Status 5.
    LiveLock,
    /// The kernel's watch-dog noticed that there was work and nobody was woken for it. Status 6.
    LostWakeUp,
    /// Somebody pressed Ctrl-C. Status 130, as shells count it.
    Interrupted,
}

/// Every outcome with its exit status, the more serious ones later.
const STATUS: [(Outcome, u8); 8] = [
    (Outcome::Good, 0),
    (Outcome::TimeUp, 3),
    (Outcome::Failed, 1),
    (Outcome::KernelFault, 2),
    (Outcome::Stuck, 4),
    (Outcome::LiveLock, 5),
    (Outcome::LostWakeUp, 6),
    (Outcome::Interrupted, 130),
];

impl Outcome {
    /// The more serious of two, for a sub-command that runs the kernel more than once.
    pub fn worse(self, other: Self) -> Self {
        if other.place() > self.place() { other } else { self }
    }

    fn place(self) -> usize {
        STATUS.iter().position(|&(outcome, _)| outcome == self).unwrap_or_default()
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(STATUS[outcome.place()].1)
    }
}

/// What the end of the QEMU process means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All environments ended; the final audit was good.
    Good,
    /// The kernel panicked.
    Panic,
    /// All environments ended, but there was a lock-order report.
    LockReport,
    /// All environments ended; the final audit found a leak.
    Leak,
    /// The kernel noticed that CPUs wait for ever.
    Stuck,
    /// An audit found that the kernel's books do not agree.
    Audit,
    /// A CPU went on for ever in the kernel.
    LiveLock,
    /// There was work, and nobody was woken for it.
    LostWakeUp,
    /// The machine reset itself: a triple fault. Also what it looks like when QEMU was told to quit.
    Reset,
    /// QEMU itself failed, or was killed.
    Failed,
}

/// One end of the kernel that it tells itself.
struct Told {
    ended: Ended,
    /// The value of the same name in `kernel/src/x86/qemu.rs`; QEMU's status is twice that plus 1.
    value: u8,
    outcome: Outcome,
    /// What to say about it, if anything.
    text: Option<&'static str>,
}

const TOLD: [Told; 8] = [
    Told { ended: Ended::Good, value: 0x10, outcome: Outcome::Good, text: None },
    Told { ended: Ended::Panic, value: 0x11, outcome: Outcome::KernelFault, text: Some("the kernel panicked") },
    Told {
        ended: Ended::LockReport,
        value: 0x12,
        outcome: Outcome::KernelFault,
        text: Some("the kernel reported a wrong use of locks"),
    },
    Told {
        ended: Ended::Leak,
        value: 0x13,
        outcome: Outcome::KernelFault,
        text: Some("the kernel's final audit found a leak"),
    },
    Told {
        ended: Ended::Stuck,
        value: 0x14,
        outcome: Outcome::Stuck,
        text: Some("the kernel is stuck: its report says who waits for whom"),
    },
    Told {
        ended: Ended::Audit,
        value: 0x15,
        outcome: Outcome::KernelFault,
        text: Some("an audit found that the kernel's books do not agree"),
    },
    Told {
        ended: Ended::LiveLock,
        value: 0x16,
        outcome: Outcome::LiveLock,
        text: Some("a CPU went on for ever in the kernel: a live-lock"),
    },
    Told {
        ended: Ended::LostWakeUp,
        value: 0x17,
        outcome: Outcome::LostWakeUp,
        text: Some("there was work and nobody was woken for it: a lost wake-up"),
    },
];

impl Ended {
    /// Reads the status of an ended QEMU.
    pub fn from_status(status: ExitStatus) -> Self {
        let Some(code) = status.code() else { return Self::Failed };
        let told = TOLD.iter().find(|told| i32::from(told.value) * 2 + 1 == code).map(|told| told.ended);
        told.unwrap_or(if code == 0 { Self::Reset } else { Self::Failed })
    }

    /// What that makes of a run.
    pub fn outcome(self) -> Outcome {
        match self {
            Self::Failed => Outcome::Failed,
            Self::Reset => Outcome::KernelFault,
            told => TOLD.iter().find(|entry| entry.ended == told).map_or(Outcome::Failed, |entry| entry.outcome),
        }
    }

    /// What the kernel cannot say itself, or says a screen further up.
    pub fn text(self) -> Option<&'static str> {
        match self {
            Self::Reset => Some("the machine reset itself (a triple fault?), or QEMU was told to quit"),
            told => TOLD.iter().find(|entry| entry.ended == told).and_then(|entry| entry.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paths;
    use std::os::unix::process::ExitStatusExt;

    #[test]
    fn kernel_and_tool_mean_the_same() {
        let kernel = std::fs::read_to_string(paths::root().join("kernel/src/x86/qemu.rs")).expect("the kernel's list");
        let told: Vec<_> = TOLD.iter().map(|told| format!("    {:?} = {:#x},", told.ended, told.value)).collect();
        let written: Vec<_> = kernel.lines().filter(|line| line.contains(" = 0x") && line.ends_with(',')).collect();
        assert_eq!(written, told);
    }

    #[test]
    fn every_end_has_an_outcome() {
        let ended = |code: i32| Ended::from_status(ExitStatus::from_raw(code << 8));
        assert_eq!(
            [33, 35, 37, 39, 41, 43, 45, 47, 0, 1].map(|code| ended(code).outcome()),
            [
                Outcome::Good,
                Outcome::KernelFault,
                Outcome::KernelFault,
                Outcome::KernelFault,
                Outcome::Stuck,
                Outcome::KernelFault,
                Outcome::LiveLock,
                Outcome::LostWakeUp,
                Outcome::KernelFault,
                Outcome::Failed,
            ]
        );
    }

    #[test]
    fn the_worst_counts() {
        assert_eq!(Outcome::KernelFault.worse(Outcome::Stuck), Outcome::Stuck);
        assert_eq!(Outcome::KernelFault.worse(Outcome::Failed), Outcome::KernelFault);
        assert_eq!(Outcome::Good.worse(Outcome::TimeUp), Outcome::TimeUp);
    }
}
