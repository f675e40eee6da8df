//! The checker: what every CPU holds, and whether it may take what it wants.
//!
//! A CPU writes down each lock it takes (`order/held.rs`). Before it takes the next one, the rules
//! (`order/rules.rs`) compare the two; nothing has to hang for a mistake to be seen. A broken rule
//! is reported (`order/report.rs`) once for each pair of places in the source (`order/once.rs`) and
//! the kernel goes on, unless it can't: a CPU that waits for itself will never go on.
//!
//! Takes no lock and allocates nothing, so it works everywhere: in the console lock, in panic,
//! before the first CPU is set up. `order_off.rs` has the same names for builds without checks.

mod held;
mod kind;
mod once;
mod picture;
mod raw_site;
mod report;
mod rules;
mod stuck;

pub use crate::gate::Gate;

use crate::{MAX_CPUS, Machine, Rank, big};
use core::panic::Location;
use core::sync::atomic::AtomicU32;
use core::sync::atomic::Ordering::Relaxed;
use crossbeam_utils::CachePadded;
use held::{Held, PerCpu, Wait};
use kind::Kind;
use report::Report;

type Site = &'static Location<'static>;

/// All that the checker knows. One `static` per machine.
pub struct Checker {
    /// Each written by its own CPU; read by others for reports. Others write only to cross out a
    /// lock that was released or busted from elsewhere.
    cpus: [CachePadded<PerCpu>; MAX_CPUS],
    seen: once::Set,
    reports: AtomicU32,
    /// Whose report is being printed: see `report::Turn`.
    turn: AtomicU32,
}

impl Checker {
    /// A checker that has seen nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            cpus: [const { CachePadded::new(PerCpu::new()) }; MAX_CPUS],
            seen: once::Set::new(),
            reports: AtomicU32::new(0),
            turn: AtomicU32::new(0),
        }
    }

    /// Who holds the lock at `address`, if anybody does: CPU and entry.
    fn holder_of(&self, address: usize) -> Option<(usize, Held)> {
        let find = |cpu: &PerCpu| cpu.held().find(|held| held.lock.address == address);
        self.cpus.iter().enumerate().find_map(|(i, cpu)| Some((i, find(cpu)?)))
    }
}

impl Default for Checker {
    fn default() -> Self {
        Self::new()
    }
}

/// Passes a gate: reports what is held but may not be held there.
#[track_caller]
pub fn gate<M: Machine>(gate: Gate) {
    let site = Location::caller();
    if let Some(held) = this_cpu::<M>().held().find(|held| !gate.allows(held.lock.rank)) {
        Report::new::<M>(Kind::Gate(gate)).outer(held).site(site).print::<M>();
    }
    if gate.needs_interrupts_off() && M::interrupts_enabled() {
        Report::new::<M>(Kind::Interrupts).site(site).print::<M>();
    }
}

/// Waits for an answer of CPU `cpu`, for as long as `unanswered`. Passes [`Gate::RemoteWait`] first.
///
/// # Panics
/// After ten seconds, with a report of who waits for whom.
#[track_caller]
pub fn await_cpu<M: Machine>(cpu: usize, unanswered: impl Fn() -> bool) {
    gate::<M>(Gate::RemoteWait);
    if !unanswered() {
        return;
    }
    let this = this_cpu::<M>();
    this.start_waiting(Wait::Cpu(cpu, Location::caller()), M::millis());
    while unanswered() {
        core::hint::spin_loop();
        stuck::check::<M>();
    }
    this.stop_waiting();
}

/// How many reports there have been. Each pair of places in the source counts once.
#[must_use]
pub fn reports<M: Machine>() -> u32 {
    M::checker().reports.load(Relaxed)
}

/// Prints what every CPU holds and waits for. For panic and the monitor; other CPUs may go on
/// meanwhile, so the picture can be a moment old.
pub fn print_held<M: Machine>() {
    M::report(format_args!("{}", picture::AllHeld(M::checker())));
}

/// A lock's class. Zero-sized in builds without checks.
pub(crate) struct Class(Rank);

impl Class {
    pub(crate) const fn new(rank: Rank) -> Self {
        Self(rank)
    }

    pub(crate) fn lock(&self, address: usize, key: u16) -> Lock {
        Lock { address, rank: self.0, key }
    }
}

/// Which lock: its place in memory says which one, its rank and key what it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Lock {
    address: usize,
    rank: Rank,
    key: u16,
}

/// This CPU is about to take `lock` and will wait for it if need be.
///
/// # Panics
/// If this CPU holds it: the wait would never end.
pub(crate) fn before<M: Machine>(lock: Lock, site: Site) {
    before_try::<M>(lock, site);
    if let Some((kind, held)) = rules::check(this_cpu::<M>().held(), lock) {
        Report::new::<M>(kind).outer(held).inner(lock).site(site).print::<M>();
        assert!(!kind.ends_the_kernel(), "a CPU waits for a lock that it holds itself");
    }
}

/// This CPU is about to take `lock` if it is free.
pub(crate) fn before_try<M: Machine>(lock: Lock, site: Site) {
    if M::interrupts_enabled() {
        Report::new::<M>(Kind::Interrupts).inner(lock).site(site).print::<M>();
    }
    if !big::is_held::<M>() {
        Report::new::<M>(Kind::NoBigLock).inner(lock).site(site).print::<M>();
    }
}

/// This CPU has not got `lock` at once and starts to wait for it.
pub(crate) fn wait<M: Machine>(lock: Lock, site: Site) {
    this_cpu::<M>().start_waiting(Wait::Lock(Held { lock, site }), M::millis());
}

/// One turn of waiting has passed.
#[allow(dead_code, reason = "nobody waits for a fine lock in the big-lock build")]
pub(crate) fn waiting<M: Machine>() {
    stuck::check::<M>();
}

/// This CPU has got `lock`.
pub(crate) fn taken<M: Machine>(lock: Lock, site: Site) {
    let cpu = this_cpu::<M>();
    cpu.stop_waiting();
    if !cpu.push(Held { lock, site }) {
        Report::new::<M>(Kind::TooMany).inner(lock).site(site).print::<M>();
    }
}

/// This CPU is about to release `lock`.
pub(crate) fn released<M: Machine>(lock: Lock) {
    if this_cpu::<M>().remove(lock.address) {
        return;
    }
    match M::checker().holder_of(lock.address) {
        Some((cpu, held)) => {
            let report = Report::new::<M>(Kind::OtherCpu).outer(held).outer_cpu(cpu);
            report.inner(lock).print::<M>();
            M::checker().cpus[cpu].remove(lock.address);
        }
        None => Report::new::<M>(Kind::NotHeld).inner(lock).print::<M>(),
    }
}

/// Whoever holds `lock` will not release it.
pub(crate) fn forget<M: Machine>(lock: Lock) {
    if let Some((cpu, _)) = M::checker().holder_of(lock.address) {
        M::checker().cpus[cpu].remove(lock.address);
    }
}

/// The code at `site` relies on this CPU holding `lock`.
pub(crate) fn assert_held<M: Machine>(lock: Lock, site: Site) {
    if !this_cpu::<M>().held().any(|held| held.lock.address == lock.address) {
        Report::new::<M>(Kind::AssertHeld).inner(lock).site(site).print::<M>();
    }
}

fn this_cpu<M: Machine>() -> &'static PerCpu {
    &M::checker().cpus[M::cpu()]
}
