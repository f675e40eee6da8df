//! The kinds of reports, as data: each has a name for machines, its rule, and how to fix it.

use crate::gate::Gate;

/// Which rule was broken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// A lock is wanted that comes before one that is held.
    Inversion,
    /// A lock is wanted while a leaf is held.
    Leaf,
    /// A lock is wanted inside another, and rank.rs says nothing about the two.
    Undeclared,
    /// A lock is wanted by the CPU that holds it.
    SelfDeadlock,
    /// Two of one class, the larger key first.
    PairOrder,
    /// Two of one class with one key.
    PairEqual,
    /// Two of a class of which only one may be held.
    PairNever,
    /// A lock is wanted while interrupts are on.
    Interrupts,
    /// A lock is held at a gate.
    Gate(Gate),
    /// A lock is released that nobody holds.
    NotHeld,
    /// A lock is released that another CPU holds.
    OtherCpu,
    /// Code that relies on a lock runs without it.
    AssertHeld,
    /// A lock is wanted without the big lock, in the big-lock build.
    NoBigLock,
    /// More locks are held than there can be.
    TooMany,
    /// A lock has been waited for too long.
    Stuck,
    /// Another CPU has not answered for too long.
    NoAnswer,
}

/// What is said about a kind.
pub(crate) struct Words {
    /// The value of `kind=`.
    pub(crate) name: &'static str,
    /// What was done wrong.
    pub(crate) rule: &'static str,
    /// What it can lead to.
    pub(crate) danger: &'static str,
    /// How to put it right, in two lines.
    pub(crate) fix: [&'static str; 2],
}

impl Kind {
    /// Whether the kernel can't go on after this.
    pub(crate) const fn ends_the_kernel(self) -> bool {
        matches!(self, Self::SelfDeadlock | Self::Stuck | Self::NoAnswer)
    }

    pub(crate) const fn words(self) -> &'static Words {
        match self {
            Self::Inversion => &INVERSION,
            Self::Leaf => &LEAF,
            Self::Undeclared => &UNDECLARED,
            Self::SelfDeadlock => &SELF_DEADLOCK,
            Self::PairOrder => &PAIR_ORDER,
            Self::PairEqual => &PAIR_EQUAL,
            Self::PairNever => &PAIR_NEVER,
            Self::Interrupts => &INTERRUPTS,
            Self::Gate(gate) => gate_words(gate),
            Self::NotHeld => &NOT_HELD,
            Self::OtherCpu => &OTHER_CPU,
            Self::AssertHeld => &ASSERT_HELD,
            Self::NoBigLock => &NO_BIG_LOCK,
            Self::TooMany => &TOO_MANY,
            Self::Stuck => &STUCK,
            Self::NoAnswer => &NO_ANSWER,
        }
    }
}

const fn gate_words(gate: Gate) -> &'static Words {
    match gate {
        Gate::UserReturn => &GATE_USER_RETURN,
        Gate::Halt => &GATE_HALT,
        Gate::Monitor => &GATE_MONITOR,
        Gate::RemoteWait => &GATE_REMOTE_WAIT,
        Gate::BigLock => &GATE_BIG_LOCK,
    }
}

const INVERSION: Words = Words {
    name: "inversion",
    rule: "a lock is wanted that comes before one that is held",
    danger: "another CPU that keeps the order holds the wanted lock and waits for the held one: \
             both wait for ever. One CPU alone can show the wrong order; it takes two to hang",
    fix: [
        "take the wanted lock before the held one, or release the held one first;",
        "after releasing, check again what was read under it: it may have changed",
    ],
};
const LEAF: Words = Words {
    name: "leaf",
    rule: "a lock is wanted while a leaf is held",
    danger: "every path may take the leaf last, so whoever holds the wanted lock may be waiting \
             for the leaf",
    fix: ["gather what is needed before taking the leaf,", "and do the rest after releasing it"],
};
const UNDECLARED: Words = Words {
    name: "undeclared",
    rule: "a lock is wanted inside another, and no declared edge leads from the one to the other",
    danger: "nobody has promised this order, so another path may use the opposite one, now or after the next change",
    fix: [
        "release the held lock before taking the wanted one, if the two need not be held together;",
        "else declare the edge in rank.rs, with the reason why it is this way round",
    ],
};
const SELF_DEADLOCK: Words = Words {
    name: "self-deadlock",
    rule: "a lock is wanted by the CPU that holds it",
    danger: "this CPU waits for itself, for ever",
    fix: [
        "hand the guard (`&mut`) down to the code that needs the data, instead of locking again;",
        "if the two locks can be the same one, take them with `lock_pair`",
    ],
};
const PAIR_ORDER: Words = Words {
    name: "pair-order",
    rule: "two locks of one class are taken with the larger key first",
    danger: "another CPU that wants the same two, named the other way round, holds the one and \
             waits for the other: both wait for ever",
    fix: [
        "take the two with `lock_pair`, which looks at the keys,",
        "or release the held one and start again with the smaller key",
    ],
};
const PAIR_EQUAL: Words = Words {
    name: "pair-equal",
    rule: "two locks of one class have the same key, so neither comes first",
    danger: "two CPUs can take them in different orders and wait for each other for ever",
    fix: ["give each lock of the class its own key when it is made,", "such as the env's slot or the CPU's number"],
};
const PAIR_NEVER: Words = Words {
    name: "pair-never",
    rule: "two locks are taken of a class of which only one may be held",
    danger: "no order is declared between them, so two CPUs can take them in different orders",
    fix: [
        "release the held one before taking the other,",
        "or declare in rank.rs how two of the class are ordered, and why",
    ],
};
const INTERRUPTS: Words = Words {
    name: "interrupts",
    rule: "a lock is wanted while interrupts are on",
    danger: "an interrupt handler on this CPU that wants the same lock waits for ever",
    fix: [
        "turn interrupts off before taking the lock, and on again only after releasing it;",
        "in this kernel they are on only in user mode and while idle",
    ],
};
const GATE_USER_RETURN: Words = Words {
    name: "gate-user-return",
    rule: "a lock is held at the return to user mode",
    danger: "user code may never come back, and then nobody gets the lock again",
    fix: [
        "end the guard's scope before the loop in run.rs enters the env;",
        "look for a guard that was stored or leaked instead of dropped",
    ],
};
const GATE_HALT: Words = Words {
    name: "gate-halt",
    rule: "a lock is held at hlt",
    danger: "this CPU sleeps until somebody wakes it, and everybody else waits for the lock",
    fix: ["end the guard's scope before idling;", "look for a guard that was stored or leaked instead of dropped"],
};
const GATE_MONITOR: Words = Words {
    name: "gate-monitor",
    rule: "a lock is held at the entry to the monitor",
    danger: "the other CPUs wait for as long as somebody types",
    fix: ["end the guard's scope before calling the monitor;", "copy out under the lock what the monitor is to show"],
};
const GATE_REMOTE_WAIT: Words = Words {
    name: "gate-remote-wait",
    rule: "a leaf lock is held while waiting for another CPU",
    danger: "the other CPU may be waiting for the leaf, since everybody may take it",
    fix: ["release the leaf before asking another CPU for anything,", "and print about it afterwards"],
};
const GATE_BIG_LOCK: Words = Words {
    name: "gate-big-lock",
    rule: "a fine lock is held where the big lock is taken or released",
    danger: "another CPU gets the big lock next and finds the fine lock taken: nobody waits for \
             fine locks in this build",
    fix: ["end the guard's scope before user mode or idling;", "take the big lock before any other"],
};
const NOT_HELD: Words = Words {
    name: "not-held",
    rule: "a lock is released that no CPU holds",
    danger: "whoever takes it next may share it with somebody else",
    fix: [
        "the back-trace shows who released it: look there for a guard of a busted lock,",
        "or for one that was duplicated by unsafe code",
    ],
};
const OTHER_CPU: Words = Words {
    name: "other-cpu",
    rule: "a lock is released by a CPU that does not hold it",
    danger: "the CPU that holds it goes on as if it were alone",
    fix: [
        "drop the guard on the CPU that made it, before anything else can run there;",
        "guards are not Send: look for unsafe code that moved one",
    ],
};
const ASSERT_HELD: Words = Words {
    name: "assert-held",
    rule: "code that relies on a lock runs without it",
    danger: "another CPU may change the same data at the same time",
    fix: [
        "take the lock in the caller and hold it over the call;",
        "better: pass `&mut` data from the guard, so that the compiler checks it",
    ],
};
const NO_BIG_LOCK: Words = Words {
    name: "no-big-lock",
    rule: "a lock is wanted by a CPU that does not hold the big lock",
    danger: "in the big-lock build the big lock is the only real one: another CPU may use the \
             same data at the same time",
    fix: [
        "enter the big lock (`big::enter`) before this path takes its first lock,",
        "and stay out of `unlocked` with everything but user mode and idling",
    ],
};
const TOO_MANY: Words = Words {
    name: "too-many",
    rule: "more locks are held than the order allows",
    danger: "the checker no longer sees the locks taken from here on",
    fix: [
        "no path needs more than two locks of a class: release earlier,",
        "or look for guards that are leaked in a loop",
    ],
};
const STUCK: Words = Words {
    name: "stuck",
    rule: "a lock has been waited for too long",
    danger: "this is not a guess: the wait has lasted for ten seconds by the clock",
    fix: [
        "follow the circle above: each CPU in it must let go of something before it waits;",
        "if there is no circle, the holder loops, sleeps or is gone: see where it took the lock",
    ],
};
const NO_ANSWER: Words = Words {
    name: "no-answer",
    rule: "another CPU has not answered for too long",
    danger: "this is not a guess: the wait has lasted for ten seconds by the clock",
    fix: [
        "wait only for CPUs in user mode, and let entering the kernel count as the answer;",
        "a CPU that spins for a lock with interrupts off never sees the question",
    ],
};
