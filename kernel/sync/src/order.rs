//! The checker: what every CPU holds, and whether it may take what it wants.
//!
//! A CPU writes down each lock it takes (`order/held.rs`). Before it takes the next one, the rules (`order/rules.rs`)
//! compare the two, unless this CPU has done the same before (`order/chains.rs`); nothing has to hang for a mistake to be
//! seen. What is new is also noted for all (`order/learned.rs`). A broken rule is reported (`order/report.rs`) once for
//! each pair of places in the source (`order/once.rs`) and the kernel goes on, unless it can't: a CPU that waits for
//! itself will never go on.
//!
//! Takes no lock and allocates nothing, so it works everywhere: in the console lock, in panic,
//! before the first CPU is set up. `order_off.rs` has the same names for builds without checks.

mod cells;
mod cells_of_class;
mod cells_of_trouble;
mod chains;
mod class;
mod held;
mod hooks;
mod kind;
mod learned;
mod once;
mod picture;
mod report;
mod rules;
mod scenario;
mod selftest;
mod show;
mod stack;
mod stuck;
#[cfg_attr(not(feature = "full"), path = "order/trace_off.rs")]
mod trace;
mod words;

pub use crate::gate::Gate;
pub(crate) use class::Class;
#[allow(unused_imports, reason = "nobody waits for a fine lock in the big-lock build")]
pub(crate) use hooks::waiting;
pub(crate) use hooks::{
    Here, assert_held, assert_not_held, before, before_try, forget, held_for, might, pin, released, taken, unpin, wait,
    waited,
};
pub use selftest::{all_cells, selftest};
pub use show::{coverage, graph, suggestion};

use crate::atomic::{AtomicU32, AtomicUsize, spin_loop};
use crate::rank::Set;
use crate::{MAX_CPUS, Machine, Rank};
use core::fmt;
use core::panic::Location;
use core::ptr;
use core::sync::atomic::Ordering::Relaxed;
use crossbeam_utils::CachePadded;
use held::{Held, PerCpu};
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
    graph: learned::Graph,
    /// No lock ever taken lies below or above these addresses.
    lowest: AtomicUsize,
    highest: AtomicUsize,
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
            graph: learned::Graph::new(),
            lowest: AtomicUsize::new(usize::MAX),
            highest: AtomicUsize::new(0),
            seen: once::Set::new(),
            reports: AtomicU32::new(0),
            turn: AtomicU32::new(0),
        }
    }

    /// Forgets everything. Not while a CPU is at work: for the self-test, whose CPUs are played.
    fn reset(&self) {
        self.cpus[..4].iter().for_each(|cpu| cpu.reset());
        self.graph.reset();
        self.seen.reset();
        self.lowest.store(usize::MAX, Relaxed);
        self.highest.store(0, Relaxed);
    }

    /// Who holds the lock at `address`, if anybody does: CPU and entry.
    fn holder_of(&self, address: usize) -> Option<(usize, Held)> {
        let find = |cpu: &PerCpu| cpu.held().find(|held| held.lock.address == address);
        self.cpus.iter().enumerate().find_map(|(i, cpu)| Some((i, find(cpu)?)))
    }

    /// The answer of CPU `cpu`, as if it were a lock. Its place in memory is one that no lock has.
    #[inline]
    fn answer(&self, cpu: usize) -> Lock {
        let address = self.cpus.get(cpu).map_or(1, |block| ptr::from_ref(block).addr());
        Lock { address, rank: Rank::CpuAnswer, key: cpu as u16 }
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
#[track_caller]
pub fn gate<M: Machine>(gate: Gate) {
    let site = Location::caller();
    let cpu = this_cpu::<M>();
    if cpu.classes() & !WAITS == 0 {
        // The usual case: no lock, and perhaps an answer.
    } else if let Some(held) = cpu.locks().next() {
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
    let wanted = Held { lock: M::checker().answer(cpu), site: Location::caller() };
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
#[track_caller]
pub fn might_await<M: Machine>() {
    might::<M>(M::checker().answer(MAX_CPUS), Location::caller());
}

/// This CPU is about to enter user mode: others may wait for it to leave. Until [`left_user`] it may take no lock.
#[track_caller]
pub fn entering_user<M: Machine>() {
    let number = M::cpu();
    let (lock, cpu) = (M::checker().answer(number), &*M::checker().cpus[number]);
    if cpu.classes() & WAITS == 0 {
        cpu.push(Held { lock, site: Location::caller() });
    }
}

/// This CPU has left user mode, which is the answer to everybody who waits for it.
pub fn left_user<M: Machine>() {
    let number = M::cpu();
    M::checker().cpus[number].remove(M::checker().answer(number).address);
}

/// The memory from `start` on, `len` bytes, is about to be given to somebody else: no lock in it may be in use.
#[track_caller]
pub fn freed<M: Machine>(start: usize, len: usize) {
    let (checker, end) = (M::checker(), start.saturating_add(len));
    if end <= checker.lowest.load(Relaxed) || start > checker.highest.load(Relaxed) {
        return;
    }
    for (cpu, block) in checker.cpus.iter().enumerate() {
        let in_use = block.locks().chain(block.wait());
        for held in in_use.filter(|held| (start..end).contains(&held.lock.address)) {
            let report = Report::new::<M>(Kind::FreedHeld).outer(held).outer_cpu(cpu);
            report.site(Location::caller()).print::<M>();
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
    for (cpu, block) in M::checker().cpus.iter().enumerate() {
        block.locks().for_each(|held| look(cpu, held.lock.rank.name(), held.lock.key, held.site));
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

#[inline]
fn this_cpu<M: Machine>() -> &'static PerCpu {
    &M::checker().cpus[M::cpu()]
}
