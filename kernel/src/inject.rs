//! Fault injection: what can run out runs out when a test wants it.
//!
//! There are two things a kernel without a heap can run out of, frames (for pages, page tables and directories) and env
//! slots, and one place for each where they are taken. `fail=frames:FIRST` or `fail=slots:FIRST` on the command line makes the
//! FIRST-th taking from boot on fail, as if there were none; with `:EVERY` behind it each EVERY-th after that as well.
//! `fail=counts:...` is of another kind: it breaks the kernel, by making the count of the frame that is taken 1 too high, so that
//! a test sees the audit find it, and the tools understand.
//!
//! `inject_off.rs` has the same names for builds without debug assertions.

use core::sync::atomic::{AtomicU32, Ordering};

use crate::{boot, println};

/// What can run out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Frames.
    Frame,
    /// Env slots.
    Slot,
    /// Counts of references: a fault to be found, so that it is seen that it is.
    Count,
}

struct Plan {
    name: &'static str,
    /// How many takings from now the next failure is due; 0 for never.
    left: AtomicU32,
    /// How many after that the one after it; 0 for never.
    every: AtomicU32,
    /// How many have failed.
    failed: AtomicU32,
}

static PLANS: [Plan; 3] = [Plan::new("frames"), Plan::new("slots"), Plan::new("counts")];

/// Reads `fail=KIND:FIRST[:EVERY]` of the command line.
pub fn init() {
    for plan in boot::values("fail=") {
        let mut parts = plan.split(':');
        let kind = parts.next().and_then(|name| PLANS.iter().find(|plan| plan.name == name));
        let mut number = || parts.next().and_then(|number| number.parse().ok());
        match (kind, number(), number()) {
            (Some(kind), Some(first), every) => kind.arm(first, every.unwrap_or(0)),
            _ => println!("fail={plan}: KIND:FIRST[:EVERY] with KIND one of frames, slots, counts"),
        }
    }
}

/// Lets the `first`-th taking from now on fail, and each `every`-th after that; 0 for never.
pub fn arm(kind: Kind, first: u32, every: u32) {
    PLANS[kind as usize].arm(first, every);
}

/// Whether this taking is to fail. Called once for each.
pub fn fails(kind: Kind) -> bool {
    let plan = &PLANS[kind as usize];
    if plan.left.load(Ordering::Relaxed) == 0 {
        return false;
    }
    let every = plan.every.load(Ordering::Relaxed);
    let next = |left| match left {
        0 => None,
        1 => Some(every),
        more => Some(more - 1),
    };
    let fails = plan.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next) == Ok(1);
    plan.failed.fetch_add(u32::from(fails), Ordering::Relaxed);
    fails
}

/// How many takings have failed since [`arm`].
pub fn failed(kind: Kind) -> u32 {
    PLANS[kind as usize].failed.load(Ordering::Relaxed)
}

/// Says how many were made to fail, if any.
pub fn report() {
    for plan in &PLANS {
        match plan.failed.load(Ordering::Relaxed) {
            0 => {}
            failed => println!("injected: {failed} {}", plan.name),
        }
    }
}

impl Plan {
    const fn new(name: &'static str) -> Plan {
        Plan { name, left: AtomicU32::new(0), every: AtomicU32::new(0), failed: AtomicU32::new(0) }
    }

    fn arm(&self, first: u32, every: u32) {
        self.every.store(every, Ordering::Relaxed);
        self.failed.store(0, Ordering::Relaxed);
        self.left.store(first, Ordering::Relaxed);
    }
}
