//! A wait that does not end: how long is too long, and who waits for whom.
//!
//! By the clock, not by turns of the loop: a virtual CPU that the host does not run for a while
//! must not look like a deadlock.

use super::held::Held;
use super::kind::Kind;
use super::report::Report;
use super::{Checker, this_cpu};
use crate::{MAX_CPUS, Machine};

/// How long a CPU may wait for one lock, in milliseconds. No lock is held for a hundredth of it,
/// but hosts can be slow.
const LIMIT_MS: u32 = 10_000;

/// Ends the kernel if this CPU has waited for too long.
pub(crate) fn check<M: Machine>() {
    let cpu = this_cpu::<M>();
    let Some(wanted) = cpu.wanted() else { return };
    if M::millis().wrapping_sub(cpu.since()) < LIMIT_MS {
        return;
    }
    let mut report = Report::new::<M>(Kind::Stuck)
        .inner(wanted.lock)
        .site(wanted.site);
    if let Some((holder, held)) = M::checker().holder_of(wanted.lock.address) {
        report = report.outer(held).outer_cpu(holder);
    }
    report.print::<M>();
    panic!("a lock has been waited for too long");
}

/// One CPU's part in a chain of waiting.
pub(crate) struct Link {
    pub(crate) cpu: usize,
    pub(crate) wanted: Held,
    /// Who holds it, if anybody does.
    pub(crate) holder: Option<(usize, Held)>,
}

/// Follows the waits from `cpu` on: whom it waits for, whom that one waits for, and so on, up to
/// one who does not wait or who has been seen.
pub(crate) fn chain(checker: &Checker, cpu: usize) -> impl Iterator<Item = Link> {
    let mut seen = [false; MAX_CPUS];
    let mut next = Some(cpu);
    core::iter::from_fn(move || {
        let cpu = next.take()?;
        if core::mem::replace(&mut seen[cpu], true) {
            return None;
        }
        let wanted = checker.cpus[cpu].wanted()?;
        let holder = checker.holder_of(wanted.lock.address);
        next = holder.map(|(cpu, _)| cpu);
        Some(Link {
            cpu,
            wanted,
            holder,
        })
    })
}
