//! What a lock tells the checker, each time it is taken or released.

use super::held::{Held, PerCpu};
use super::kind::Kind;
use super::report::Report;
use super::{Class, Lock, Site, rules, stuck, this_cpu};
use crate::{Machine, Step, big};
use core::sync::atomic::Ordering::Relaxed;

/// The number of the CPU that takes a lock: found once, since asking is a good part of what the whole look costs.
pub(crate) struct Here(usize);

impl Here {
    #[inline(always)]
    pub(crate) fn of<M: Machine>() -> Self {
        Self(M::cpu())
    }
}

/// This CPU is about to take `lock` and will wait for it if need be.
///
/// # Panics
/// If this CPU holds it: the wait would never end.
#[inline(always)]
pub(crate) fn before<M: Machine>(lock: Lock, site: Site) -> Here {
    let here = before_try::<M>(lock, site);
    M::step(Step::Want, lock.rank);
    let cpu = &*M::checker().cpus[here.0];
    // With empty hands a CPU may wait for anything.
    if cpu.classes() != 0 && !is_known(cpu, lock) {
        unknown::<M>(lock, site);
    }
    here
}

#[cold]
#[inline(never)]
fn unknown<M: Machine>(lock: Lock, site: Site) {
    let waits_for_itself = check::<M>(lock, site);
    assert!(!waits_for_itself, "a CPU waits for a lock that it holds itself");
}

/// This CPU is about to take `lock` if it is free.
#[inline(always)]
pub(crate) fn before_try<M: Machine>(lock: Lock, site: Site) -> Here {
    if M::interrupts_enabled() {
        report_for::<M>(Kind::Interrupts, lock, site);
    }
    if !big::is_held::<M>() {
        report_for::<M>(Kind::NoBigLock, lock, site);
    }
    Here::of::<M>()
}

#[cold]
#[inline(never)]
fn report_for<M: Machine>(kind: Kind, lock: Lock, site: Site) {
    Report::new::<M>(kind).inner(lock).site(site).print::<M>();
}

/// This CPU might take `lock` here, if not this time.
#[inline]
pub(crate) fn might<M: Machine>(lock: Lock, site: Site) {
    let cpu = this_cpu::<M>();
    if cpu.classes() != 0 && !is_known(cpu, lock) {
        check::<M>(lock, site);
    }
}

/// This CPU is about to wait for an answer of CPU `cpu`, which is `wanted`. Says whether that can come: a CPU does not answer
/// itself.
pub(super) fn before_answer<M: Machine>(cpu: usize, wanted: Held) -> bool {
    if cpu == M::cpu() {
        report_for::<M>(Kind::SelfWait, wanted.lock, wanted.site);
        return false;
    }
    might::<M>(wanted.lock, wanted.site);
    true
}

/// Whether this CPU has waited for locks of this class before, with what it holds now. What was right once is right. Two of
/// one class go by their keys as well, which are not remembered.
#[inline(always)]
fn is_known(cpu: &PerCpu, wanted: Lock) -> bool {
    let held = cpu.classes();
    let is_first = held & 1 << wanted.rank as u32 == 0;
    (is_first || cpu.is_next_of_class(wanted)) && cpu.chains.count(held, wanted.rank)
}

/// Checks whether `wanted` may be waited for with what is held. Says whether the wait would never end.
#[cold]
#[inline(never)]
pub(crate) fn check<M: Machine>(wanted: Lock, site: Site) -> bool {
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
pub(crate) fn wait<M: Machine>(class: &Class, lock: Lock, site: Site) {
    if !class.is_made() {
        report_for::<M>(Kind::Uninitialised, lock, site);
    }
    this_cpu::<M>().start_waiting::<M>(Held { lock, site });
    M::step(Step::Wait, lock.rank);
}

/// One turn of waiting has passed.
#[allow(dead_code, reason = "nobody waits for a fine lock in the big-lock build")]
pub(crate) fn waiting<M: Machine>() {
    if let Some(wanted) = this_cpu::<M>().wait() {
        M::step(Step::Spin, wanted.lock.rank);
    }
    stuck::check::<M>();
}

/// The wait for `lock` is over. It took `ticks`, which is 0 where nobody counts.
pub(crate) fn waited<M: Machine>(lock: Lock, site: Site, ticks: u32) {
    this_cpu::<M>().stop_waiting();
    if ticks != 0 && M::micros(u64::from(ticks)) > u64::from(lock.rank.wait_budget_ms()) * 1000 {
        report_for::<M>(Kind::WaitedLong, lock, site);
    }
}

/// This CPU, which is `here`, has got `lock`.
#[inline(always)]
pub(crate) fn taken<M: Machine>(here: Here, class: &Class, lock: Lock, site: Site) {
    if !class.is_free() {
        first_taken::<M>(class, lock, site);
    }
    class.set_holder(here.0);
    if !M::checker().cpus[here.0].push(Held { lock, site }) {
        report_for::<M>(Kind::TooMany, lock, site);
    }
    M::step(Step::Got, lock.rank);
}

/// This CPU has got a lock that does not say that it is free.
#[cold]
#[inline(never)]
fn first_taken<M: Machine>(class: &Class, lock: Lock, site: Site) {
    if !class.is_made() {
        report_for::<M>(Kind::Uninitialised, lock, site);
    } else if !class.is_new() || M::checker().holder_of(lock.address).is_some() {
        // Held though it was never taken: it was made anew meanwhile.
        two_holders::<M>(lock, site);
    }
    M::checker().lowest.fetch_min(lock.address, Relaxed);
    M::checker().highest.fetch_max(lock.address, Relaxed);
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
#[inline(always)]
pub(crate) fn released<M: Machine>(class: &Class, lock: Lock) {
    M::step(Step::Free, lock.rank);
    let number = M::cpu();
    if !class.is_held_by(number) {
        return released_wrongly::<M>(class, lock);
    }
    if class.pinned().is_some() || M::interrupts_enabled() {
        released_badly::<M>(class, lock);
    }
    class.set_free();
    M::checker().cpus[number].remove(lock.address);
}

#[cold]
#[inline(never)]
fn released_badly<M: Machine>(class: &Class, lock: Lock) {
    if let Some(pinned) = class.pinned() {
        Report::new::<M>(Kind::PinLost).outer(Held { lock, site: pinned }).inner(lock).print::<M>();
        class.pin(None);
    }
    if M::interrupts_enabled() {
        Report::new::<M>(Kind::Interrupts).inner(lock).print::<M>();
    }
}

/// `lock` was held for `ticks`, which is 0 where nobody counts.
#[inline]
pub(crate) fn held_for<M: Machine>(lock: Lock, ticks: u32) {
    if ticks != 0 && M::micros(u64::from(ticks)) > u64::from(lock.rank.budget_ms()) * 1000 {
        Report::new::<M>(Kind::HeldLong).inner(lock).print::<M>();
    }
}

#[cold]
#[inline(never)]
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
    class.set_free();
    if let Some((cpu, _)) = M::checker().holder_of(lock.address) {
        M::checker().cpus[cpu].remove(lock.address);
    }
}

/// The code at `site` relies on this CPU holding `lock`.
pub(crate) fn assert_held<M: Machine>(class: &Class, lock: Lock, site: Site) {
    if !class.is_held_by(M::cpu()) {
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
