//! The checker checked: cells, each a few events on a machine of its own, and the report they must or must not make.
//!
//! Cells are generated (`order/cells.rs`): every kind of report with every class of locks, and permutations of up to four
//! locks on three CPUs. What must be reported is judged by [`Oracle`], which restates the rules in another way. A host
//! test runs all cells; a kernel runs a selection at boot.

use super::cells;
use super::{Checker, Rank};
use crate::atomic::{AtomicBool, AtomicU32, AtomicUsize};
use crate::rank::{EDGES, Pairs};
use crate::stats::Stats;
use crate::{Machine, SpinLock, big};
use core::fmt::{self, Write};
use core::sync::atomic::Ordering::Relaxed;

/// Room for the kinds of report there are.
const KINDS: usize = 48;

/// A lock of the machine under test.
pub(super) type Lock = SpinLock<(), Fake>;

/// How a cell went: an error is the kind of report that was due, or `"silence"`.
pub(super) type Outcome = Result<(), &'static str>;

/// How many CPUs take part.
pub(super) const CPUS: usize = 3;

pub(super) fn lock(rank: Rank, key: u16) -> Lock {
    Lock::new(rank, key, ())
}

/// What a self-test has run.
pub struct Tally {
    /// How many cells.
    pub cells: u32,
    /// How many kinds of report were due in them, each at least once.
    pub kinds: usize,
}

/// Runs a selection of the cells. It leaves the checker of machine `M` alone.
///
/// # Errors
/// Which report was missing, or `"silence"` if one was made without reason.
pub fn selftest<M: Machine>() -> Result<Tally, &'static str> {
    run(true)
}

/// Runs every cell.
///
/// # Errors
/// As [`selftest`].
pub fn all_cells() -> Result<Tally, &'static str> {
    run(false)
}

fn run(is_boot: bool) -> Result<Tally, &'static str> {
    static BUSY: AtomicBool = AtomicBool::new(false);
    if BUSY.swap(true, Relaxed) {
        return Err("a self-test on another CPU");
    }
    let mut bench = Bench { is_boot, one_of: 1, index: 0, cells: 0, kinds: [0; KINDS], oracle: Oracle::new() };
    let result = cells::all(&mut bench);
    BUSY.store(false, Relaxed);
    let kinds = bench.kinds.iter().filter(|&&kind| kind != 0).count();
    result.map(|()| Tally { cells: bench.cells, kinds })
}

/// The machine under test: three CPUs, played by one.
pub(super) struct Fake;

static CHECKER: Checker = Checker::new();
static STATS: Stats = Stats::new();
static BIG_LOCK: big::BigLock = big::BigLock::new();
static CPU: AtomicUsize = AtomicUsize::new(0);
static INTERRUPTS: AtomicBool = AtomicBool::new(false);
/// The clock, in milliseconds.
static CLOCK: AtomicU32 = AtomicU32::new(0);
/// The kind of the last report, as a hash of its name; 0 for none.
static REPORTED: AtomicU32 = AtomicU32::new(0);

impl Machine for Fake {
    fn cpu() -> usize {
        CPU.load(Relaxed)
    }

    fn interrupts_enabled() -> bool {
        INTERRUPTS.load(Relaxed)
    }

    fn checker() -> &'static Checker {
        &CHECKER
    }

    fn stats() -> &'static Stats {
        &STATS
    }

    fn big_lock() -> &'static big::BigLock {
        &BIG_LOCK
    }

    fn report(text: fmt::Arguments<'_>) {
        let _ = Reader { kind_is_next: false }.write_fmt(text);
    }

    fn backtrace(_into: &mut [u32]) -> usize {
        0
    }

    fn symbol(_address: u32, _margin: fmt::Arguments<'_>, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }

    fn millis() -> u32 {
        CLOCK.load(Relaxed)
    }

    fn ticks() -> u32 {
        0
    }

    fn micros(ticks: u64) -> u64 {
        ticks
    }
}

/// Reads a report for its kind.
struct Reader {
    kind_is_next: bool,
}

impl Write for Reader {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.kind_is_next {
            REPORTED.store(hash(text), Relaxed);
        }
        self.kind_is_next = text.ends_with("LOCKREPORT kind=");
        Ok(())
    }
}

fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Where cells are run.
pub(super) struct Bench {
    is_boot: bool,
    one_of: u32,
    index: u32,
    cells: u32,
    /// The kinds that were due, as hashes of their names; 0 where there is none.
    kinds: [u32; KINDS],
    pub(super) oracle: Oracle,
}

impl Bench {
    /// Of the cells that follow, a boot runs one of so many.
    pub(super) fn at_boot(&mut self, one_of: u32) {
        if self.is_boot {
            self.one_of = one_of;
        }
    }

    /// Starts a cell with a checker that has seen nothing; `false` if this one is not among the selected.
    pub(super) fn start(&mut self) -> bool {
        self.index += 1;
        if !self.index.is_multiple_of(self.one_of) {
            return false;
        }
        self.cells += 1;
        CHECKER.reset();
        self.oracle = Oracle::new();
        interrupts(false);
        set_clock(0);
        go_to(0);
        REPORTED.store(0, Relaxed);
        true
    }

    /// Whether what was reported since the last time is `kind`, or nothing.
    pub(super) fn expect(&mut self, kind: Option<&'static str>) -> Outcome {
        let due = kind.map_or(0, hash);
        if let Some(place) = self.kinds.iter_mut().find(|place| **place == due || **place == 0) {
            *place = due;
        }
        if REPORTED.swap(0, Relaxed) == due { Ok(()) } else { Err(kind.unwrap_or("silence")) }
    }
}

/// Goes on as CPU `cpu`.
pub(super) fn go_to(cpu: usize) {
    CPU.store(cpu, Relaxed);
    big::pass_here::<Fake>();
}

pub(super) fn set_clock(millis: u32) {
    CLOCK.store(millis, Relaxed);
}

pub(super) fn interrupts(on: bool) {
    INTERRUPTS.store(on, Relaxed);
}

/// The rules once more, by walking along edges.
pub(super) struct Oracle {
    seen: [[bool; Rank::COUNT]; Rank::COUNT],
}

impl Oracle {
    const fn new() -> Self {
        Self { seen: [[false; Rank::COUNT]; Rank::COUNT] }
    }

    /// What is wrong with wanting `wanted` (class and key) while `held` are held, first taken first. Remembers it.
    pub(super) fn judge(&mut self, held: &[(Rank, u16)], wanted: (Rank, u16)) -> Option<&'static str> {
        let verdict = held.iter().find_map(|&held| self.broken(held, wanted));
        held.iter().for_each(|&(outer, _)| self.seen[outer as usize][wanted.0 as usize] = true);
        verdict
    }

    fn broken(&self, (held, key): (Rank, u16), (wanted, other): (Rank, u16)) -> Option<&'static str> {
        if held == wanted {
            return match held.pairs() {
                Pairs::Never => Some("pair-never"),
                Pairs::BySlot if key == other => Some("pair-equal"),
                Pairs::BySlot => (key > other).then_some("pair-order"),
            };
        }
        if leads(held, wanted) {
            None
        } else if wanted == Rank::CpuAnswer {
            Some("remote-wait")
        } else if !EDGES.iter().any(|edge| edge.outer == held) {
            Some("leaf")
        } else if leads(wanted, held) {
            Some("inversion")
        } else {
            Some(if self.is_way(wanted, held, &mut [false; Rank::COUNT]) { "cycle" } else { "undeclared" })
        }
    }

    /// Whether edges that were seen or declared lead from `from` to `to`.
    fn is_way(&self, from: Rank, to: Rank, visited: &mut [bool; Rank::COUNT]) -> bool {
        if from == to {
            return true;
        }
        if core::mem::replace(&mut visited[from as usize], true) {
            return false;
        }
        let step = |next: Rank| {
            let declared = EDGES.iter().any(|edge| edge.outer == from && edge.inner == next);
            declared || self.seen[from as usize][next as usize]
        };
        Rank::ALL.into_iter().any(|next| step(next) && self.is_way(next, to, visited))
    }
}

/// Whether declared edges lead from `outer` to `inner`.
fn leads(outer: Rank, inner: Rank) -> bool {
    EDGES.iter().any(|edge| edge.outer == outer && (edge.inner == inner || leads(edge.inner, inner)))
}
