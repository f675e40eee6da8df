//! A wait that does not end: how long is too long, and who waits for whom.
//!
//! By the clock, not by turns of the loop: a virtual CPU that the host does not run for a while
//! must not look like a deadlock.

use super::held::Held;
use super::kind::Kind;
use super::report::Report;
use super::{Checker, this_cpu};
use crate::{MAX_CPUS, Machine};

/// How long a CPU may wait for one lock or one answer, in milliseconds. No lock is held for a
/// hundredth of it, but hosts can be slow.
pub(super) const LIMIT_MS: u32 = 10_000;

/// Ends the kernel if this CPU has waited for too long.
pub(crate) fn check<M: Machine>() {
    if let Some(kind) = report_if_over::<M>() {
        M::give_up(kind.words().rule)
    }
}

/// Reports a wait of this CPU that has lasted too long.
pub(super) fn report_if_over<M: Machine>() -> Option<Kind> {
    let cpu = this_cpu::<M>();
    let Held { lock, site } = cpu.wait()?;
    if M::millis().wrapping_sub(cpu.since()) < LIMIT_MS {
        return None;
    }
    M::stop_others();
    let kind = if lock.rank.is_wait() { Kind::NoAnswer } else { Kind::Stuck };
    let mut report = Report::new::<M>(kind).inner(lock).site(site);
    if let Some((holder, held)) = M::checker().holder_of(lock.address) {
        report = report.outer(held).outer_cpu(holder);
    }
    report.print::<M>();
    Some(kind)
}

/// One CPU's part in a chain of waiting.
pub(crate) struct Link {
    pub(crate) cpu: usize,
    pub(crate) wait: Held,
    /// Whom it waits for, if that is known; and what that one holds, if that is the reason.
    pub(crate) next: Option<(usize, Option<Held>)>,
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
        let wait = checker.cpus[cpu].wait()?;
        let link = Link { cpu, wait, next: waited_for(checker, wait) };
        next = link.next.map(|(cpu, _)| cpu);
        Some(link)
    })
}

/// Whom `wait` is for, and what that one holds, if that is the reason.
pub(crate) fn waited_for(checker: &Checker, wait: Held) -> Option<(usize, Option<Held>)> {
    if wait.lock.rank.is_wait() {
        let cpu = usize::from(wait.lock.key);
        return (cpu < MAX_CPUS).then_some((cpu, None));
    }
    checker.holder_of(wait.lock.address).map(|(cpu, held)| (cpu, Some(held)))
}
