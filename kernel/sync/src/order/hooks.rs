//! What a lock tells the checker, each time it is taken or released.

use super::held::Held;
use super::kind::Kind;
use super::report::Report;
use super::{Class, Lock, Site, rules, stuck, this_cpu};
use crate::{Machine, Step, big};
use core::sync::atomic::Ordering::Relaxed;

/// This CPU is about to take `lock` and will wait for it if need be.
///
/// # Panics
/// If this CPU holds it: the wait would never end.
#[inline]
pub(crate) fn before<M: Machine>(class: &Class, lock: Lock, site: Site) {
    before_try::<M>(class, lock, site);
    M::step(Step::Want, lock.rank);
    let waits_for_itself = check::<M>(lock, site);
    assert!(!waits_for_itself, "a CPU waits for a lock that it holds itself");
}

/// This CPU is about to take `lock` if it is free.
#[inline]
pub(crate) fn before_try<M: Machine>(class: &Class, lock: Lock, site: Site) {
    if M::interrupts_enabled() {
        Report::new::<M>(Kind::Interrupts).inner(lock).site(site).print::<M>();
    }
    if !big::is_held::<M>() {
        Report::new::<M>(Kind::NoBigLock).inner(lock).site(site).print::<M>();
    }
    if !class.is_made() {
        Report::new::<M>(Kind::Uninitialised).inner(lock).site(site).print::<M>();
    }
}

/// This CPU might take `lock` here, if not this time.
#[inline]
pub(crate) fn might<M: Machine>(lock: Lock, site: Site) {
    check::<M>(lock, site);
}

/// Checks whether `wanted` may be waited for with what is held. What this CPU has done before is known to be right. Says
/// whether the wait would never end.
#[inline]
pub(crate) fn check<M: Machine>(wanted: Lock, site: Site) -> bool {
    let cpu = this_cpu::<M>();
    let held = cpu.classes();
    // Two of one class go by their keys, which are no part of a chain.
    let is_known = held & 1 << wanted.rank as u32 == 0 && cpu.chains.count(held, wanted.rank);
    !is_known && check_all::<M>(wanted, site)
}

#[cold]
#[inline(never)]
fn check_all<M: Machine>(wanted: Lock, site: Site) -> bool {
    let (checker, cpu) = (M::checker(), this_cpu::<M>());
    let broken = rules::check(cpu.held(), wanted);
    if let Some((mut kind, held)) = broken {
        if kind == Kind::Undeclared && checker.graph.path(wanted.rank, held.lock.rank).is_some() {
            kind = Kind::Cycle;
        }
        Report::new::<M>(kind).outer(held).inner(wanted).site(site).print::<M>();
    } else {
        cpu.chains.learn(cpu.classes(), wanted.rank);
    }
    for held in cpu.held() {
        checker.graph.note::<M>(held, wanted.rank, site, cpu.classes());
    }
    broken.is_some_and(|(kind, _)| kind.ends_the_kernel())
}

/// This CPU has not got `lock` at once and starts to wait for it.
pub(crate) fn wait<M: Machine>(lock: Lock, site: Site) {
    this_cpu::<M>().start_waiting::<M>(Held { lock, site });
    M::step(Step::Wait, lock.rank);
}

/// One turn of waiting has passed.
#[allow(dead_code, reason = "nobody waits for a fine lock in the big-lock build")]
pub(crate) fn waiting<M: Machine>() {
    stuck::check::<M>();
}

/// This CPU has got `lock`.
#[inline]
pub(crate) fn taken<M: Machine>(class: &Class, lock: Lock, site: Site) {
    let cpu = this_cpu::<M>();
    cpu.stop_waiting();
    if class.is_new() {
        // Held though it was never taken: it was made anew meanwhile.
        if M::checker().holder_of(lock.address).is_some() {
            two_holders::<M>(lock, site);
        }
        M::checker().lowest.fetch_min(lock.address, Relaxed);
        M::checker().highest.fetch_max(lock.address, Relaxed);
    } else if class.holder().is_some() {
        two_holders::<M>(lock, site);
    }
    class.set_holder(Some(M::cpu()));
    if !cpu.push(Held { lock, site }) {
        Report::new::<M>(Kind::TooMany).inner(lock).site(site).print::<M>();
    }
    M::step(Step::Got, lock.rank);
}

#[cold]
fn two_holders<M: Machine>(lock: Lock, site: Site) {
    let mut report = Report::new::<M>(Kind::TwoHolders).inner(lock).site(site);
    if let Some((cpu, held)) = M::checker().holder_of(lock.address) {
        report = report.outer(held).outer_cpu(cpu);
    }
    report.print::<M>();
}

/// This CPU is about to release `lock`.
#[inline]
pub(crate) fn released<M: Machine>(class: &Class, lock: Lock) {
    M::step(Step::Free, lock.rank);
    if class.holder() != Some(M::cpu()) {
        return released_wrongly::<M>(class, lock);
    }
    if let Some(pinned) = class.pinned() {
        Report::new::<M>(Kind::PinLost).outer(Held { lock, site: pinned }).inner(lock).print::<M>();
        class.pin(None);
    }
    if M::interrupts_enabled() {
        Report::new::<M>(Kind::Interrupts).inner(lock).print::<M>();
    }
    class.set_holder(None);
    this_cpu::<M>().remove(lock.address);
}

/// `lock` was held for `ticks`, which is 0 where nobody counts.
#[inline]
pub(crate) fn held_for<M: Machine>(lock: Lock, ticks: u32) {
    if ticks != 0 && M::micros(u64::from(ticks)) > u64::from(lock.rank.budget_ms()) * 1000 {
        Report::new::<M>(Kind::HeldLong).inner(lock).print::<M>();
    }
}

#[cold]
fn released_wrongly<M: Machine>(class: &Class, lock: Lock) {
    match M::checker().holder_of(lock.address) {
        Some((cpu, held)) if cpu != M::cpu() => {
            let report = Report::new::<M>(Kind::OtherCpu).outer(held).outer_cpu(cpu);
            report.inner(lock).print::<M>();
        }
        // Held here, though the lock says nobody does: it was made anew meanwhile.
        Some((_, held)) => Report::new::<M>(Kind::TwoHolders).outer(held).inner(lock).print::<M>(),
        None => Report::new::<M>(Kind::DoubleRelease).inner(lock).print::<M>(),
    }
    forget::<M>(class, lock);
}

/// Whoever holds `lock` will not release it.
pub(crate) fn forget<M: Machine>(class: &Class, lock: Lock) {
    class.set_holder(None);
    if let Some((cpu, _)) = M::checker().holder_of(lock.address) {
        M::checker().cpus[cpu].remove(lock.address);
    }
}

/// The code at `site` relies on this CPU holding `lock`.
pub(crate) fn assert_held<M: Machine>(class: &Class, lock: Lock, site: Site) {
    if class.holder() != Some(M::cpu()) {
        Report::new::<M>(Kind::AssertHeld).inner(lock).site(site).print::<M>();
    }
}

/// The code at `site` relies on this CPU not holding `lock`.
pub(crate) fn assert_not_held<M: Machine>(lock: Lock, site: Site) {
    if let Some(held) = this_cpu::<M>().held().find(|held| held.lock.address == lock.address) {
        Report::new::<M>(Kind::AssertNotHeld).outer(held).inner(lock).site(site).print::<M>();
    }
}

/// From here to `unpin`, `lock` is not to be released.
pub(crate) fn pin<M: Machine>(class: &Class, lock: Lock, site: Site) {
    assert_held::<M>(class, lock, site);
    class.pin(Some(site));
}

/// The lock may be released again.
pub(crate) fn unpin(class: &Class) {
    class.pin(None);
}
