//! Gates: places a CPU may pass only with empty hands.
//!
//! A gate is data: what it is called, and which locks may be held in it. `order.rs` checks it.

use crate::rank::Rank;

/// A place where held locks are dangerous, each for its own reason.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gate {
    /// Return to user mode. User code may run for ever, so a lock held here is lost.
    UserReturn,
    /// `hlt` in the idle loop. Nobody knows when this CPU wakes up.
    Halt,
    /// Entry to the kernel monitor. A human is slower than any spin loop's patience.
    Monitor,
    /// Waiting for another CPU to answer. Holding a lock here is allowed only because a wait is
    /// made only while the other CPU is in user mode, where it spins for nothing.
    RemoteWait,
}

impl Gate {
    /// Whether a lock of class `rank` may be held here.
    #[must_use]
    pub const fn allows(self, rank: Rank) -> bool {
        match self {
            Self::UserReturn | Self::Halt | Self::Monitor => false,
            // An answer may take a while, and everybody prints: the console is never worth it.
            Self::RemoteWait => !rank.is_leaf(),
        }
    }

    /// What the CPU is about to do, to go after "a lock is held at ".
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UserReturn => "the return to user mode",
            Self::Halt => "hlt",
            Self::Monitor => "the entry to the monitor",
            Self::RemoteWait => "a wait for another CPU",
        }
    }
}
