//! The checker: what every CPU holds, and whether it may take what it wants.
//!
//! A CPU writes down each lock it takes (`order/held.rs`). Before it takes the next one, the rules (`order/rules.rs`)
//! compare the two; nothing has to hang for a mistake to be seen. What was found right is remembered as a step from one chain
//! of held classes to the next (`order/chains.rs`), so that the second time is only that step. What is new is also noted for
//! all (`order/learned.rs`). A broken rule is reported (`order/report.rs`) once for each pair of places in the source
//! (`order/once.rs`) and the kernel goes on, unless it can't: a CPU that waits for itself will never go on.
//!
//! Takes no lock and allocates nothing, so it works everywhere: in the console lock, in panic,
//! before the first CPU is set up. `order_off.rs` has the same names for builds without checks.

mod cells;
mod cells_of_class;
mod cells_of_trouble;
mod chains;
mod class;
mod counts;
mod held;
mod home;
mod hooks;
mod kind;
mod learned;
mod noted;
mod notes;
mod once;
mod picture;
mod promises;
mod releases;
mod report;
mod rules;
mod scenario;
mod selftest;
mod show;
mod stack;
mod stuck;
#[cfg_attr(not(feature = "full"), path = "order/trace_off.rs")]
mod trace;
mod tries;
mod words;

pub use crate::gate::Gate;
pub(crate) use class::Class;
#[allow(unused_imports, reason = "nobody waits for a fine lock in the big-lock build")]
pub(crate) use hooks::waiting;
pub(crate) use hooks::{Here, before, before_second, before_try, might, not_free, taken, wait, waited};
pub(crate) use promises::{assert_held, assert_not_held, pin, unpin};
pub(crate) use releases::{forget, held_for, let_go, released};
pub use selftest::{Tally, all_cells, selftest};
pub use show::{coverage, graph, suggestion};

use crate::atomic::{AtomicU32, AtomicUsize, spin_loop};
use crate::rank::Set;
use crate::{MAX_CPUS, Machine, Rank, Turn};
use core::fmt;
use core::ops::Range;
use core::panic::Location;
use core::sync::atomic::Ordering::Relaxed;
use crossbeam_utils::CachePadded;
use held::{Held, Now, PerCpu};
use kind::Kind;
use report::Report;

/// The classes that are no locks.
const WAITS: Set = 1 << Rank::CpuAnswer as u32;

type Site = &'static Location<'static>;

/// All that the checker knows. One `static` per machine.
pub struct Checker {
    /// Each written by its own CPU; read by others for reports. Others write only to cross out a
    /// lock that was released or busted from elsewhere.
    cpus: [CachePadded<PerCpu>; MAX_CPUS],
    /// What each CPU holds now, by its [`Machine::place`].
    now: [Now; MAX_CPUS],
    graph: learned::Graph,
    /// No lock ever taken lies below or above these addresses.
    lowest: AtomicUsize,
    highest: AtomicUsize,
    seen: once::Set,
    /// The classes and places of locks that were held at a gate.
    left_held: once::Set,
    reports: AtomicU32,
    /// For the reports, which are printed one after the other.
    turn: Turn,
}

impl Checker {
    /// A checker that has seen nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            cpus: [const { CachePadded::new(PerCpu::new()) }; MAX_CPUS],
            now: [const { Now::new() }; MAX_CPUS],
            graph: learned::Graph::new(),
            lowest: AtomicUsize::new(usize::MAX),
            highest: AtomicUsize::new(0),
            seen: once::Set::new(),
            left_held: once::Set::new(),
            reports: AtomicU32::new(0),
            turn: Turn::new(),
        }
    }

    /// Forgets everything. Not while a CPU is at work: for tests, whose CPUs are played, and are the first four.
    pub fn reset(&self) {
        self.cpus[..4].iter().for_each(|cpu| cpu.reset());
        self.now[..4].iter().for_each(Now::leave);
        self.graph.reset();
        self.seen.reset();
        self.left_held.reset();
        self.lowest.store(usize::MAX, Relaxed);
        self.highest.store(0, Relaxed);
    }
}

impl Default for Checker {
    fn default() -> Self {
        Self::new()
    }
}

/// Which lock: its place in memory says which one, its rank and key what it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Lock {
    address: usize,
    rank: Rank,
    key: u16,
}

/// Passes a gate: reports what is held there.
#[inline(always)]
#[track_caller]
pub fn gate<M: Machine>(gate: Gate) {
    // In the usual case no lock, and perhaps an answer.
    if here::<M>().get().classes() & !WAITS != 0 || gate.needs_interrupts_off() && M::interrupts_enabled() {
        stop_at::<M>(gate, Location::caller());
    }
}

#[cold]
#[inline(never)]
fn stop_at<M: Machine>(gate: Gate, site: Site) {
    if let Some(held) = M::checker().locks(M::cpu()).next() {
        Report::new::<M>(Kind::Gate(gate)).outer(held).site(site).print::<M>();
    }
    if gate.needs_interrupts_off() && M::interrupts_enabled() {
        Report::new::<M>(Kind::Interrupts).site(site).print::<M>();
    }
}

/// Waits for an answer of CPU `cpu`, for as long as `unanswered`. In the order of locks this is like taking one of class
/// [`Rank::CpuAnswer`].
///
/// # Panics
/// After ten seconds, with a report of who waits for whom; at once if `cpu` is this CPU.
#[track_caller]
pub fn await_cpu<M: Machine>(cpu: usize, unanswered: impl Fn() -> bool) {
    let wanted = Held { lock: Checker::answer(cpu), site: Location::caller() };
    assert!(hooks::before_answer::<M>(cpu, wanted), "a CPU waits for its own answer");
    if !unanswered() {
        return;
    }
    let this = this_cpu::<M>();
    this.start_waiting::<M>(wanted);
    while unanswered() {
        spin_loop();
        stuck::check::<M>();
    }
    this.stop_waiting();
}

/// States that another CPU might be waited for here, though perhaps not this time: the order is checked as if it were.
#[inline(always)]
#[track_caller]
pub fn might_await<M: Machine>() {
    hooks::might_await::<M>(MAX_CPUS, Location::caller());
}

/// This CPU is about to enter user mode: others may wait for it to leave. Until [`left_user`] it may take no lock.
///
/// This is [`Gate::UserReturn`] as well: nothing may be held.
#[inline(always)]
#[track_caller]
pub fn entering_user<M: Machine>() {
    if !here::<M>().enter_user(Location::caller()) {
        entering_unusually::<M>(Location::caller());
    }
}

#[cold]
#[inline(never)]
fn entering_unusually<M: Machine>(site: Site) {
    stop_at::<M>(Gate::UserReturn, site);
    let outer = M::checker().arrive::<M>();
    if outer.classes() & WAITS != 0 {
        return;
    }
    if let Some(chain) = M::checker().chain_with::<M>(Rank::CpuAnswer) {
        chain.note_site(site);
        here::<M>().set(chain);
    }
}

/// This CPU has left user mode, which is the answer to everybody who waits for it.
#[inline(always)]
pub fn left_user<M: Machine>() {
    if !here::<M>().leave_user() {
        left_unusually::<M>();
    }
}

#[cold]
#[inline(never)]
fn left_unusually<M: Machine>() {
    M::checker().remove::<M>(Checker::answer(M::cpu()).address);
}

/// Steps with locks are to be told from now on ([`Machine::is_watched`]): what CPUs do without a look is forgotten.
pub fn watch<M: Machine>() {
    M::checker().cpus.iter().for_each(|cpu| cpu.chains.doubt());
}

/// The memory from `start` on, `len` bytes, is about to be given to somebody else: no lock in it may be in use.
#[inline(always)]
#[track_caller]
pub fn freed<M: Machine>(start: usize, len: usize) {
    let checker = M::checker();
    if start.saturating_add(len) > checker.lowest.load(Relaxed) && start <= checker.highest.load(Relaxed) {
        look_for_locks::<M>(start..start.saturating_add(len), Location::caller());
    }
}

#[cold]
#[inline(never)]
fn look_for_locks<M: Machine>(freed: Range<usize>, site: Site) {
    let checker = M::checker();
    for (cpu, block) in checker.cpus.iter().enumerate() {
        let in_use = checker.locks(cpu).chain(block.wait());
        for held in in_use.filter(|held| freed.contains(&held.lock.address)) {
            let report = Report::new::<M>(Kind::FreedHeld).outer(held).outer_cpu(cpu);
            report.site(site).print::<M>();
        }
    }
}

/// Notes what this CPU was doing when another one stopped it, for that one's report: its stack, innermost first, or none if
/// it was in user mode.
pub fn stopped<M: Machine>(stack: impl Iterator<Item = u32>) {
    this_cpu::<M>().stop(stack);
}

/// Whether CPU `cpu` has noted that it was stopped.
#[must_use]
pub fn is_stopped<M: Machine>(cpu: usize) -> bool {
    M::checker().cpus.get(cpu).is_some_and(|cpu| cpu.is_stopped())
}

/// Prints what CPU `cpu` was doing when another one stopped it.
pub fn print_stopped<M: Machine>(cpu: usize) {
    let words = fmt::from_fn(|f| picture::write_stopped::<M>(f, cpu));
    M::report(format_args!("  CPU {cpu} {words}"));
}

/// Calls `look` with each lock that a CPU holds: the CPU, the lock's class and key, and where it was taken. For audits, with
/// all CPUs stopped.
pub fn for_each_held<M: Machine>(mut look: impl FnMut(usize, &'static str, u16, &'static Location<'static>)) {
    for cpu in 0..MAX_CPUS {
        M::checker().locks(cpu).for_each(|held| look(cpu, held.lock.rank.name(), held.lock.key, held.site));
    }
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

/// What this CPU holds: the quick way.
#[inline(always)]
fn here<M: Machine>() -> &'static Now {
    &M::checker().now[M::place()]
}

#[inline]
fn this_cpu<M: Machine>() -> &'static PerCpu {
    &M::checker().cpus[M::cpu()]
}
