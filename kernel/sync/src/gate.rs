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
    /// Taking and letting go of the big lock, in the big-lock build. Fine locks live inside it.
    BigLock,
}

impl Gate {
    /// Whether a lock of class `rank` may be held here.
    #[must_use]
    pub const fn allows(self, rank: Rank) -> bool {
        match self {
            Self::UserReturn | Self::Halt | Self::Monitor | Self::BigLock => false,
            // An answer may take a while, and everybody prints: the console is never worth it.
            Self::RemoteWait => !rank.is_leaf(),
        }
    }

    /// Whether interrupts must be off here. Elsewhere the kernel turns them on right after.
    #[must_use]
    pub const fn needs_interrupts_off(self) -> bool {
        matches!(self, Self::BigLock)
    }
}
