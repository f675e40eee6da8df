//! How often locks are taken, how long they are waited for and held: collected by each CPU for itself.
//!
//! Every wait is timed. Of the times that a lock is held each counts at first; later one in so many, and it stands for those
//! before it: one in 2 when the lock has been taken 16 times, one in 3 after 24, one in [`SKIP`] at most. So a lock that is
//! taken often costs four instructions most times, and what a table lacks of a lock is less than an eighth, and less than
//! [`SKIP`]. In mode `full`, where each class has a budget for how long it is held, each time counts.
//!
//! A CPU writes only its own block, and into the lock, which it has then. Others read for the table. `stats_off.rs` has the
//! same names for builds without statistics.

use crate::atomic::AtomicU32;
use crate::{MAX_CPUS, Machine, Rank};
use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;
use core::panic::Location;
use core::sync::atomic::Ordering::Relaxed;
use crossbeam_utils::CachePadded;

/// How many places that had to wait are kept for each CPU. Later ones are not counted.
const SITES: usize = 16;

/// For how many times that a lock was held one may stand.
const SKIP: u16 = if cfg!(feature = "full") { 1 } else { 64 };

/// All statistics of a machine: a `static` made by [`Stats::new`].
pub struct Stats([CachePadded<PerCpu>; MAX_CPUS]);

struct PerCpu {
    classes: [Class; Rank::COUNT],
    sites: [Site; SITES],
}

/// A class, as one CPU saw it.
struct Class {
    /// And released again: as far as it was counted.
    taken: AtomicU32,
    contended: AtomicU32,
    wait: Span,
    hold: Span,
}

/// A sum of ticks in two words, and the greatest.
struct Span {
    low: AtomicU32,
    high: AtomicU32,
    max: AtomicU32,
}

/// A place that waited.
struct Site {
    place: crate::pointer::AtomicSite,
    class: AtomicU32,
    times: AtomicU32,
    wait: Span,
}

/// What is kept in each lock. Only whoever has the lock looks at the cells.
pub(crate) struct InLock {
    rank: Rank,
    /// How many times it is taken until one counts. 0 if this one does.
    left: Cell<u8>,
    /// How often it was taken before that, as far as it matters.
    before: Cell<u16>,
    /// When it was taken.
    since: Cell<u32>,
}

impl Stats {
    /// Statistics of nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self([const { CachePadded::new(PerCpu::new()) }; MAX_CPUS])
    }
}

impl Default for Stats {
    fn default() -> Self {
        Self::new()
    }
}

impl InLock {
    pub(crate) const fn new(rank: Rank) -> Self {
        Self { rank, left: Cell::new(1), before: Cell::new(0), since: Cell::new(0) }
    }

    /// For how many times the next one that counts will stand.
    #[inline(always)]
    fn stands_for(&self) -> u16 {
        (self.before.get() / 8).clamp(1, SKIP)
    }

    /// Whether this time counts.
    #[inline(always)]
    fn counts(&self) -> bool {
        SKIP == 1 || self.left.get() == 0
    }

    /// It begins.
    #[cfg_attr(feature = "full", inline(always))]
    #[cfg_attr(not(feature = "full"), cold, inline(never))]
    fn begin<M: Machine>(&self) {
        self.since.set(M::ticks());
    }

    /// It is over. Says for how many ticks the lock was held.
    #[cfg_attr(feature = "full", inline(always))]
    #[cfg_attr(not(feature = "full"), cold, inline(never))]
    fn end<M: Machine>(&self) -> u32 {
        let (ticks, stands_for) = (M::ticks().wrapping_sub(self.since.get()), self.stands_for());
        let class = &M::stats().0[M::cpu()].classes[self.rank as usize];
        add(&class.taken, u32::from(stands_for));
        class.hold.add(ticks, u32::from(stands_for));
        if SKIP > 1 {
            self.before.set(self.before.get().saturating_add(stands_for));
            self.left.set(self.stands_for() as u8);
        }
        ticks
    }
}

/// The clock, for [`waited`].
#[inline]
pub(crate) fn now<M: Machine>() -> u32 {
    M::ticks()
}

/// This CPU has got the lock after waiting for it since `since`. Says for how many ticks that was.
pub(crate) fn waited<M: Machine>(lock: &InLock, place: &'static Location<'static>, since: u32) -> u32 {
    let ticks = M::ticks().wrapping_sub(since);
    let cpu = &M::stats().0[M::cpu()];
    let class = &cpu.classes[lock.rank as usize];
    add(&class.contended, 1);
    class.wait.add(ticks, 1);
    let same = |site: &&Site| site.place.get().is_none_or(|other| other == place);
    if let Some(site) = cpu.sites.iter().find(same) {
        site.place.set(Some(place));
        site.class.store(lock.rank as u32, Relaxed);
        add(&site.times, 1);
        site.wait.add(ticks, 1);
    }
    ticks
}

/// This CPU has got the lock.
#[inline(always)]
pub(crate) fn taken<M: Machine>(lock: &InLock) {
    if SKIP > 1 {
        lock.left.set(lock.left.get().wrapping_sub(1));
    }
    if lock.counts() {
        lock.begin::<M>();
    }
}

/// This CPU is about to release the lock. Says for how many ticks it was held, if this time counts. Added up here and not
/// when it was taken, so that the mean is over those that are in the sum.
#[inline(always)]
pub(crate) fn released<M: Machine>(lock: &InLock) -> u32 {
    if lock.counts() { lock.end::<M>() } else { 0 }
}

/// Adds in memory that only this CPU writes.
#[inline(always)]
fn add(word: &AtomicU32, more: u32) {
    word.store(word.load(Relaxed).wrapping_add(more), Relaxed);
}

impl PerCpu {
    const fn new() -> Self {
        Self { classes: [const { Class::new() }; Rank::COUNT], sites: [const { Site::new() }; SITES] }
    }
}

impl Class {
    const fn new() -> Self {
        Self { taken: AtomicU32::new(0), contended: AtomicU32::new(0), wait: Span::new(), hold: Span::new() }
    }
}

impl Site {
    const fn new() -> Self {
        let place = crate::pointer::AtomicSite::new();
        Self { place, class: AtomicU32::new(0), times: AtomicU32::new(0), wait: Span::new() }
    }
}

impl Span {
    const fn new() -> Self {
        Self { low: AtomicU32::new(0), high: AtomicU32::new(0), max: AtomicU32::new(0) }
    }

    /// Adds `ticks`, so many `times`.
    #[inline(always)]
    fn add(&self, ticks: u32, times: u32) {
        let sum = self.sum().wrapping_add(u64::from(ticks) * u64::from(times));
        self.low.store(sum as u32, Relaxed);
        self.high.store((sum >> 32) as u32, Relaxed);
        if ticks > self.max.load(Relaxed) {
            self.max.store(ticks, Relaxed);
        }
    }

    #[inline(always)]
    fn sum(&self) -> u64 {
        u64::from(self.high.load(Relaxed)) << 32 | u64::from(self.low.load(Relaxed))
    }
}

/// The statistics as a table for people; times in microseconds.
#[must_use]
pub fn table<M: Machine>() -> impl fmt::Display {
    Table::<M>(PhantomData)
}

struct Table<M>(PhantomData<fn() -> M>);

impl<M: Machine> fmt::Display for Table<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "class              taken  contended  wait mean/max us  hold mean/max us")?;
        for rank in Rank::ALL.into_iter().filter(|rank| !rank.is_wait()) {
            let classes = || M::stats().0.iter().map(|cpu| &cpu.classes[rank as usize]);
            let taken: u64 = classes().map(|class| u64::from(class.taken.load(Relaxed))).sum();
            let contended: u64 = classes().map(|class| u64::from(class.contended.load(Relaxed))).sum();
            write!(f, "{:<14} {taken:>9}  {contended:>9}", rank.name())?;
            write_span::<M>(f, classes().map(|class| &class.wait), contended)?;
            write_span::<M>(f, classes().map(|class| &class.hold), taken)?;
            writeln!(f)?;
        }
        if SKIP > 1 {
            writeln!(
                f,
                "(of a lock that is taken often, one time in up to {SKIP} is looked at, and stands for those before it)"
            )?;
        }
        writeln!(f, "places that waited longest, per CPU:")?;
        self.write_sites(f)
    }
}

impl<M: Machine> Table<M> {
    /// The ten places with the greatest sums, by selection: there is nowhere to sort.
    fn write_sites(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut below = u64::MAX;
        for _ in 0..10 {
            let sites =
                M::stats().0.iter().enumerate().flat_map(|(i, cpu)| cpu.sites.iter().map(move |site| (i, site)));
            let next = sites.filter(|(_, site)| site.wait.sum() < below).max_by_key(|(_, site)| site.wait.sum());
            let Some((cpu, site)) = next else { return Ok(()) };
            let Some(place) = site.place.get() else { return Ok(()) };
            below = site.wait.sum();
            let name = Rank::ALL.get(site.class.load(Relaxed) as usize).map_or("?", |rank| rank.name());
            let (times, micros) = (site.times.load(Relaxed), M::micros(below));
            writeln!(
                f,
                "  {micros:>9} us in {times:>6} waits  CPU {cpu:<3} {name:<14} {}:{}",
                place.file(),
                place.line()
            )?;
        }
        Ok(())
    }
}

fn write_span<'a, M: Machine>(
    f: &mut fmt::Formatter<'_>,
    spans: impl Iterator<Item = &'a Span>,
    times: u64,
) -> fmt::Result {
    let (sum, max) = spans.fold((0, 0), |(sum, max), span| (sum + span.sum(), span.max.load(Relaxed).max(max)));
    // In tenths of a microsecond: most locks are held for less than one.
    let mean = M::micros(sum * 10) / times.max(1);
    write!(f, "  {:>6}.{}/{:<8}", mean / 10, mean % 10, M::micros(u64::from(max)))
}
