//! What a lock tells the checker each time it is taken.

use super::chains::Chain;
use super::held::{Held, Now};
use super::kind::Kind;
use super::report::Report;
use super::{Checker, Class, Lock, Site, here, rules, stuck, this_cpu};
use crate::{Machine, Rank, Step, big};
use core::sync::atomic::Ordering::Relaxed;

/// Where the CPU that takes a lock notes what it holds, and the chain that it will hold: found once, before the lock is taken.
#[derive(Clone, Copy)]
pub(crate) struct Here {
    now: &'static Now,
    /// With the lock as the last one.
    chain: &'static Chain,
}

/// Where a lock is noted that is one too many. Nobody looks here.
static NOWHERE: (Now, Chain) = (Now::new(), Chain::new());

/// This CPU is about to take the lock of `class` and will wait for it if need be.
///
/// # Panics
/// If this CPU holds it: the wait would never end.
#[inline(always)]
pub(crate) fn before<M: Machine>(class: &Class, site: Site) -> Here {
    let now = here::<M>();
    go_along::<M>(now, now.get().next(class.rank()), class, site)
}

/// The same where the lock is mostly the second of two of one class, which go by their keys as well.
#[inline(always)]
pub(crate) fn before_second<M: Machine>(class: &Class, site: Site) -> Here {
    let now = here::<M>();
    go_along::<M>(now, now.get().again(class.word()), class, site)
}

/// The usual case, that the chain is known and all else is right; or not.
#[inline(always)]
fn go_along<M: Machine>(now: &'static Now, chain: Option<&'static Chain>, class: &Class, site: Site) -> Here {
    match chain {
        Some(chain) if !M::interrupts_enabled() && big::is_held::<M>() => {
            chain.count();
            chain.note_wanted(class.word(), site);
            Here { now, chain }
        }
        _ => before_unusually::<M>(class, site),
    }
}

/// The same for the first time, with something wrong, or when it is to be told.
#[cold]
#[inline(never)]
fn before_unusually<M: Machine>(class: &Class, site: Site) -> Here {
    let lock = class.lock();
    prepare::<M>(class, lock, site);
    tell::<M>(Step::Want, lock.rank);
    let waits_for_itself = check::<M>(lock, site);
    assert!(!waits_for_itself, "a CPU waits for a lock that it holds itself");
    go_on::<M>(lock, site)
}

/// This CPU is about to take the lock of `class` if it is free.
#[inline(never)]
pub(crate) fn before_try<M: Machine>(class: &Class, site: Site) -> Here {
    let lock = class.lock();
    prepare::<M>(class, lock, site);
    this_cpu::<M>().tries.begin(lock.address);
    go_on::<M>(lock, site)
}

/// The lock of `class`, which was tried, is not free. Whoever does nothing but try it waits for it: then the order counts.
///
/// # Panics
/// If this CPU holds it: the wait would never end.
#[cold]
#[inline(never)]
pub(crate) fn not_free<M: Machine>(class: &Class, site: Site) {
    if this_cpu::<M>().tries.fail(here::<M>().get()) {
        let waits_for_itself = check::<M>(class.lock(), site);
        assert!(!waits_for_itself, "a CPU tries a lock that it holds itself, again and again");
    }
}

/// What has to be so whenever a lock is taken.
fn prepare<M: Machine>(class: &Class, lock: Lock, site: Site) {
    if M::interrupts_enabled() {
        report_for::<M>(Kind::Interrupts, lock, site);
    }
    if !big::is_held::<M>() {
        report_for::<M>(Kind::NoBigLock, lock, site);
    }
    if M::is_watched() {
        class.watch();
    }
}

/// Tells of a step, if anybody wants to know.
pub(super) fn tell<M: Machine>(step: Step, rank: Rank) {
    if M::is_watched() {
        M::step(step, rank);
    }
}

/// The chain that this CPU will hold with `lock`.
fn go_on<M: Machine>(lock: Lock, site: Site) -> Here {
    let here = match M::checker().chain_with::<M>(lock.rank) {
        Some(chain) => Here { now: here::<M>(), chain },
        None => {
            report_for::<M>(Kind::TooMany, lock, site);
            Here { now: &NOWHERE.0, chain: &NOWHERE.1 }
        }
    };
    here.chain.note_wanted(lock.word(), site);
    here
}

#[cold]
#[inline(never)]
fn report_for<M: Machine>(kind: Kind, lock: Lock, site: Site) {
    Report::new::<M>(kind).inner(lock).site(site).print::<M>();
}

/// This CPU might take `lock` here, if not this time.
#[inline(always)]
pub(crate) fn might<M: Machine>(class: &Class, site: Site) {
    match here::<M>().get().next(class.rank()) {
        Some(chain) => chain.count(),
        None => drop(check::<M>(class.lock(), site)),
    }
}

/// This CPU might wait for an answer of CPU `cpu` here.
#[inline(always)]
pub(super) fn might_await<M: Machine>(cpu: usize, site: Site) {
    match here::<M>().get().next(Rank::CpuAnswer) {
        Some(chain) => chain.count(),
        None => drop(check::<M>(Checker::answer(cpu), site)),
    }
}

/// This CPU is about to wait for an answer of CPU `cpu`, which is `wanted`. Says whether that can come: a CPU does not answer
/// itself.
pub(super) fn before_answer<M: Machine>(cpu: usize, wanted: Held) -> bool {
    if cpu == M::cpu() {
        report_for::<M>(Kind::SelfWait, wanted.lock, wanted.site);
        return false;
    }
    might_await::<M>(cpu, wanted.site);
    true
}

/// Checks whether `wanted` may be waited for with what is held, and remembers it if so. Says whether the wait would never end.
#[cold]
#[inline(never)]
pub(crate) fn check<M: Machine>(wanted: Lock, site: Site) -> bool {
    let checker = M::checker();
    let chain = checker.arrive::<M>();
    let held = chain.held();
    let broken = rules::check(held.iter(), wanted);
    if let Some((mut kind, held)) = broken {
        if kind == Kind::Undeclared && checker.graph.path(wanted.rank, held.lock.rank).is_some() {
            kind = Kind::Cycle;
        }
        Report::new::<M>(kind).outer(held).inner(wanted).site(site).print::<M>();
    } else if !M::is_watched()
        && let Some(chain) = checker.chain_with::<M>(wanted.rank)
    {
        this_cpu::<M>().chains.learn(chain, wanted.rank);
    }
    for held in held.iter() {
        checker.graph.note::<M>(held, wanted.rank, site, chain.classes());
    }
    broken.is_some_and(|(kind, _)| kind.ends_the_kernel())
}

/// This CPU has not got the lock at once and starts to wait for it.
pub(crate) fn wait<M: Machine>(class: &Class, site: Site) {
    let lock = class.lock();
    if !class.is_made() {
        report_for::<M>(Kind::Uninitialised, lock, site);
    }
    this_cpu::<M>().start_waiting::<M>(Held { lock, site });
    tell::<M>(Step::Wait, lock.rank);
}

/// One turn of waiting has passed.
#[allow(dead_code, reason = "nobody waits for a fine lock in the big-lock build")]
pub(crate) fn waiting<M: Machine>() {
    if let Some(wanted) = this_cpu::<M>().wait() {
        tell::<M>(Step::Spin, wanted.lock.rank);
    }
    stuck::check::<M>();
}

/// The wait for the lock is over. It took `ticks`, which is 0 where nobody counts.
pub(crate) fn waited<M: Machine>(class: &Class, site: Site, ticks: u32) {
    this_cpu::<M>().stop_waiting();
    if ticks != 0 && M::micros(u64::from(ticks)) > u64::from(class.rank().wait_budget_ms()) * 1000 {
        report_for::<M>(Kind::WaitedLong, class.lock(), site);
    }
}

/// This CPU, which is `here`, has got the lock of `class`.
#[inline(always)]
pub(crate) fn taken<M: Machine>(here: Here, class: &Class) {
    if class.is_just_free() {
        class.set_held();
        here.chain.note_got(class.address());
        here.now.set(here.chain);
    } else {
        taken_unusually::<M>(here, class);
    }
}

/// The same for a lock that is taken for the first time, that does not say that it is free, or that is watched.
#[cold]
#[inline(never)]
fn taken_unusually<M: Machine>(here: Here, class: &Class) {
    let lock = class.lock();
    let holder = M::checker().holder_of(class.address());
    if !class.is_made() {
        Report::new::<M>(Kind::Uninitialised).inner(lock).maybe_site(here.chain.site()).print::<M>();
    } else if !class.is_free() || class.is_new() && holder.is_some() {
        // Held though it was never taken: it was made anew meanwhile.
        two_holders::<M>(lock, here.chain.site(), holder);
    }
    M::checker().lowest.fetch_min(class.address(), Relaxed);
    M::checker().highest.fetch_max(class.address(), Relaxed);
    class.set_held();
    here.chain.note_got(class.address());
    here.now.set(here.chain);
    if M::is_watched() {
        class.watch();
    }
    tell::<M>(Step::Got, lock.rank);
}

#[cold]
fn two_holders<M: Machine>(lock: Lock, site: Option<Site>, holder: Option<(usize, Held)>) {
    let mut report = Report::new::<M>(Kind::TwoHolders).inner(lock).maybe_site(site);
    if let Some((cpu, held)) = holder {
        report = report.outer(held).outer_cpu(cpu);
    }
    report.print::<M>();
}
