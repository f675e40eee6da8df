//! The kinds of reports, as data: each has its words, in `order/words.rs`.

use super::words::{self, Words};
use crate::gate::Gate;

/// Which rule was broken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// A lock is wanted that comes before one that is held.
    Inversion,
    /// A lock is wanted inside another, which closes a circle that is not declared.
    Cycle,
    /// A lock is wanted while a leaf is held.
    Leaf,
    /// A lock is wanted inside another, and rank.rs says nothing about the two.
    Undeclared,
    /// Another CPU is waited for with the wrong lock held.
    RemoteWait,
    /// A lock is wanted while others may wait for this CPU to leave user mode.
    AnswerOwed,
    /// A lock is wanted by the CPU that holds it.
    SelfDeadlock,
    /// A CPU waits for its own answer.
    SelfWait,
    /// Two of one class, the larger key first.
    PairOrder,
    /// Two of one class with one key.
    PairEqual,
    /// Two of a class of which only one may be held.
    PairNever,
    /// A lock is wanted or held while interrupts are on.
    Interrupts,
    /// A lock is held at a gate.
    Gate(Gate),
    /// A lock is released that nobody holds.
    DoubleRelease,
    /// A lock is released that another CPU holds.
    OtherCpu,
    /// A lock is taken that another CPU holds.
    TwoHolders,
    /// A lock is wanted where none was made.
    Uninitialised,
    /// Memory is freed with a lock in it that is held.
    FreedHeld,
    /// A lock is released that is pinned.
    PinLost,
    /// Code that relies on a lock runs without it.
    AssertHeld,
    /// Code that must not have a lock runs with it.
    AssertNotHeld,
    /// A lock is wanted without the big lock, in the big-lock build.
    NoBigLock,
    /// More locks are held than there can be.
    TooMany,
    /// A lock was held for longer than its class allows.
    HeldLong,
    /// A lock was waited for longer than its class allows.
    WaitedLong,
    /// A lock has been waited for too long.
    Stuck,
    /// Another CPU has not answered for too long.
    NoAnswer,
}

impl Kind {
    /// Whether the kernel can't go on after this.
    pub(crate) const fn ends_the_kernel(self) -> bool {
        matches!(self, Self::SelfDeadlock | Self::SelfWait | Self::Stuck | Self::NoAnswer)
    }

    /// Whether somebody really waits for ever.
    pub(crate) const fn is_stuck(self) -> bool {
        matches!(self, Self::Stuck | Self::NoAnswer)
    }

    /// Whether this is about the order of two classes, so that a circle can be drawn.
    pub(crate) const fn is_about_classes(self) -> bool {
        matches!(
            self,
            Self::Inversion | Self::Cycle | Self::Leaf | Self::Undeclared | Self::RemoteWait | Self::AnswerOwed
        )
    }

    /// Whether this is about two locks of one class.
    pub(crate) const fn is_about_a_pair(self) -> bool {
        matches!(self, Self::PairOrder | Self::PairEqual | Self::PairNever)
    }

    pub(crate) const fn words(self) -> &'static Words {
        match self {
            Self::Inversion => &words::INVERSION,
            Self::Cycle => &words::CYCLE,
            Self::Leaf => &words::LEAF,
            Self::Undeclared => &words::UNDECLARED,
            Self::RemoteWait => &words::REMOTE_WAIT,
            Self::AnswerOwed => &words::ANSWER_OWED,
            Self::SelfDeadlock => &words::SELF_DEADLOCK,
            Self::SelfWait => &words::SELF_WAIT,
            Self::PairOrder => &words::PAIR_ORDER,
            Self::PairEqual => &words::PAIR_EQUAL,
            Self::PairNever => &words::PAIR_NEVER,
            Self::Interrupts => &words::INTERRUPTS,
            Self::Gate(Gate::UserReturn) => &words::GATE_USER_RETURN,
            Self::Gate(Gate::Halt) => &words::GATE_HALT,
            Self::Gate(Gate::Monitor) => &words::GATE_MONITOR,
            Self::Gate(Gate::AddressSpace) => &words::GATE_ADDRESS_SPACE,
            Self::Gate(Gate::BigLock) => &words::GATE_BIG_LOCK,
            Self::DoubleRelease => &words::DOUBLE_RELEASE,
            Self::OtherCpu => &words::OTHER_CPU,
            Self::TwoHolders => &words::TWO_HOLDERS,
            Self::Uninitialised => &words::UNINITIALISED,
            Self::FreedHeld => &words::FREED_HELD,
            Self::PinLost => &words::PIN_LOST,
            Self::AssertHeld => &words::ASSERT_HELD,
            Self::AssertNotHeld => &words::ASSERT_NOT_HELD,
            Self::NoBigLock => &words::NO_BIG_LOCK,
            Self::TooMany => &words::TOO_MANY,
            Self::HeldLong => &words::HELD_LONG,
            Self::WaitedLong => &words::WAITED_LONG,
            Self::Stuck => &words::STUCK,
            Self::NoAnswer => &words::NO_ANSWER,
        }
    }
}
