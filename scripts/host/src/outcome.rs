//! How a sub-command ended, as an exit status.
//!
//! One table for every sub-command that runs the kernel; scripts and CI rely on it. Anything that is an
//! `Err` instead (a wrong argument, a tool that is missing, a build that failed) becomes status 1 in
//! `main`.

use std::process::ExitCode;

/// What the kernel did, seen as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every environment ended and nothing was wrong. Status 0.
    Good,
    /// The checks of the sub-command itself found something: a test failed. Status 1.
    Failed,
    /// The kernel panicked, reported a wrong lock order, leaked, or reset the machine. Status 2.
    KernelFault,
    /// The time limit was reached first. Status 3.
    TimeUp,
    /// Somebody pressed Ctrl-C. Status 130, as shells count it.
    Interrupted,
}

impl Outcome {
    /// The more serious of two, for a sub-command that runs the kernel more than once.
    pub fn worse(self, other: Self) -> Self {
        let seriousness = |outcome| match outcome {
            Self::Good => 0,
            Self::TimeUp => 1,
            Self::Failed => 2,
            Self::KernelFault => 3,
            Self::Interrupted => 4,
        };
        if seriousness(other) > seriousness(self) { other } else { self }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(match outcome {
            Outcome::Good => 0,
            Outcome::Failed => 1,
            Outcome::KernelFault => 2,
            Outcome::TimeUp => 3,
            Outcome::Interrupted => 130,
        })
    }
}
