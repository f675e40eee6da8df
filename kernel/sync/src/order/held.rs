//! What one CPU holds and what it waits for.
//!
//! Written by its own CPU alone, with interrupts off. Other CPUs read it for reports while it
//! changes, so every field is atomic; what they see may be a moment old.

use super::chains::Chains;
use super::stack::Stack;
use super::{Lock, Site};
use crate::atomic::{AtomicBool, AtomicU32, AtomicUsize};
use crate::rank::Set;
use crate::site::AtomicSite;
use crate::{Machine, Rank};
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// Two of every class is more than any correct path holds; so the size follows from the order.
pub(super) const DEPTH: usize = 2 * Rank::ALL.len();

/// A lock and where it was taken, or where it is wanted.
#[derive(Clone, Copy)]
pub(crate) struct Held {
    pub(crate) lock: Lock,
    pub(crate) site: Site,
}

/// The notes of one CPU.
pub(crate) struct PerCpu {
    /// In the order they were taken. A lock that is released early leaves a hole.
    entries: [Entry; DEPTH],
    /// All entries from here on are empty.
    len: AtomicUsize,
    /// Whether there is an empty entry below.
    has_hole: AtomicBool,
    /// The classes of what is held.
    classes: AtomicU32,
    /// What this CPU has done before.
    pub(crate) chains: Chains,
    /// The lock or the answer that is waited for.
    wanted: Entry,
    /// When the wait began, in milliseconds, and from where.
    since: AtomicU32,
    pub(crate) wait_stack: Stack,
    /// This CPU was stopped for a report, and here.
    stopped: AtomicBool,
    pub(crate) last_stack: Stack,
    /// This CPU is in the middle of a report; whatever happens meanwhile is not reported.
    reporting: AtomicBool,
}

impl PerCpu {
    pub(crate) const fn new() -> Self {
        Self {
            entries: [const { Entry::new() }; DEPTH],
            len: AtomicUsize::new(0),
            has_hole: AtomicBool::new(false),
            classes: AtomicU32::new(0),
            chains: Chains::new(),
            wanted: Entry::new(),
            since: AtomicU32::new(0),
            wait_stack: Stack::new(),
            stopped: AtomicBool::new(false),
            last_stack: Stack::new(),
            reporting: AtomicBool::new(false),
        }
    }

    pub(crate) fn reset(&self) {
        self.entries.iter().for_each(Entry::clear);
        self.len.store(0, Relaxed);
        self.has_hole.store(false, Relaxed);
        self.classes.store(0, Relaxed);
        self.chains.reset();
        self.wanted.clear();
    }

    /// What is held, in the order it was taken. A CPU in user mode, or on its way there, holds its answer.
    pub(crate) fn held(&self) -> impl Iterator<Item = Held> {
        self.entries[..self.len.load(Acquire).min(DEPTH)].iter().filter_map(Entry::get)
    }

    /// What is held and is a lock.
    pub(crate) fn locks(&self) -> impl Iterator<Item = Held> {
        self.held().filter(|held| !held.lock.rank.is_wait())
    }

    /// The classes of what is held.
    #[inline]
    pub(crate) fn classes(&self) -> Set {
        self.classes.load(Relaxed)
    }

    /// Whether `wanted`, by its key, comes after all of its class that are held. Not after a hole of its class: whoever
    /// asks looks closer then.
    #[inline]
    pub(crate) fn is_next_of_class(&self, wanted: Lock) -> bool {
        let comes_after = |entry: &Entry| entry.class.load(Relaxed) < word(wanted) && !entry.is(wanted.address);
        let entries = &self.entries[..self.len.load(Relaxed).min(DEPTH)];
        entries.iter().all(|entry| entry.rank() != wanted.rank as u32 || comes_after(entry))
    }

    /// Adds a lock; `false` if there are more than a correct kernel can hold.
    #[inline(always)]
    pub(crate) fn push(&self, held: Held) -> bool {
        let len = self.len.load(Relaxed);
        let Some(entry) = self.entries.get(len) else { return self.push_into_hole(held) };
        let before = self.classes();
        entry.before.store(before, Relaxed);
        entry.set(held);
        self.classes.store(before | 1 << held.lock.rank as u32, Relaxed);
        self.len.store(len + 1, Release);
        true
    }

    /// The same when there is no room at the end.
    #[cold]
    #[inline(never)]
    fn push_into_hole(&self, held: Held) -> bool {
        self.close_holes() && self.push(held)
    }

    /// Removes a lock; `false` if it is not there. Mostly it is the last one, and none below it is gone.
    #[inline(always)]
    pub(crate) fn remove(&self, address: usize) -> bool {
        let last = self.len.load(Relaxed).wrapping_sub(1);
        match self.entries.get(last) {
            Some(entry) if entry.is(address) && !self.has_hole.load(Relaxed) => {
                entry.clear();
                self.classes.store(entry.before.load(Relaxed), Relaxed);
                self.len.store(last, Release);
                true
            }
            _ => self.remove_any(address),
        }
    }

    /// The same for a lock that is not the last.
    #[inline(never)]
    fn remove_any(&self, address: usize) -> bool {
        let mut len = self.len.load(Relaxed);
        let Some(entry) = self.entries[..len].iter().rfind(|entry| entry.is(address)) else { return false };
        entry.clear();
        while len > 0 && self.entries[len - 1].is(0) {
            len -= 1;
        }
        self.len.store(len, Release);
        let (mut classes, mut has_hole) = (0, false);
        for entry in &self.entries[..len] {
            entry.before.store(classes, Relaxed);
            let is_hole = entry.is(0);
            has_hole |= is_hole;
            classes |= if is_hole { 0 } else { 1 << entry.rank() };
        }
        self.has_hole.store(has_hole, Relaxed);
        self.classes.store(classes, Relaxed);
        true
    }

    /// Moves all entries to the front; `false` if there is no hole. Others may miss an entry while it moves.
    fn close_holes(&self) -> bool {
        if !self.has_hole.load(Relaxed) {
            return false;
        }
        let (mut to, mut classes) = (0, 0);
        for from in 0..self.len.load(Relaxed) {
            let Some(held) = self.entries[from].get() else { continue };
            self.entries[from].clear();
            self.entries[to].before.store(classes, Relaxed);
            self.entries[to].set(held);
            classes |= 1 << held.lock.rank as u32;
            to += 1;
        }
        self.has_hole.store(false, Relaxed);
        self.len.store(to, Release);
        true
    }

    pub(crate) fn start_waiting<M: Machine>(&self, wanted: Held) {
        self.since.store(M::millis(), Relaxed);
        self.wait_stack.save::<M>();
        self.wanted.set(wanted);
    }

    #[inline]
    pub(crate) fn stop_waiting(&self) {
        self.wanted.clear();
    }

    /// What this CPU waits for.
    pub(crate) fn wait(&self) -> Option<Held> {
        self.wanted.get()
    }

    /// When the present wait began.
    pub(crate) fn since(&self) -> u32 {
        self.since.load(Relaxed)
    }

    /// Notes that this CPU has been stopped, and what it was doing.
    pub(crate) fn stop(&self, stack: impl Iterator<Item = u32>) {
        self.last_stack.keep(stack);
        // Release: whoever sees it stopped sees its stack.
        self.stopped.store(true, Release);
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Acquire)
    }

    /// Starts a report; `false` if this CPU is in the middle of one.
    pub(crate) fn start_report(&self) -> bool {
        !self.reporting.swap(true, Relaxed)
    }

    pub(crate) fn end_report(&self) {
        self.reporting.store(false, Relaxed);
    }
}

/// One line of the notes; empty if the address is 0.
struct Entry {
    address: AtomicUsize,
    /// Rank and key: `rank << 16 | key`.
    class: AtomicU32,
    site: AtomicSite,
    /// The classes of the entries below. Only for the CPU itself.
    before: AtomicU32,
}

impl Entry {
    const fn new() -> Self {
        let (class, before) = (AtomicU32::new(0), AtomicU32::new(0));
        Self { address: AtomicUsize::new(0), class, site: AtomicSite::new(), before }
    }

    #[inline(always)]
    fn is(&self, address: usize) -> bool {
        self.address.load(Relaxed) == address
    }

    #[inline(always)]
    fn set(&self, held: Held) {
        self.class.store(word(held.lock), Relaxed);
        self.site.set(Some(held.site));
        // Release: another CPU that sees the address sees what belongs to it (pairs with `get`).
        self.address.store(held.lock.address, Release);
    }

    #[inline(always)]
    fn rank(&self) -> u32 {
        self.class.load(Relaxed) >> 16
    }

    #[inline(always)]
    fn clear(&self) {
        self.address.store(0, Relaxed);
    }

    fn get(&self) -> Option<Held> {
        let address = self.address.load(Acquire);
        let [_, rank, high, low] = self.class.load(Relaxed).to_be_bytes();
        let rank = *Rank::ALL.get(usize::from(rank))?;
        let lock = Lock { address, rank, key: u16::from_be_bytes([high, low]) };
        (address != 0).then_some(Held { lock, site: self.site.get()? })
    }
}

/// A lock's class and key in one word, in the order of the classes and then of the keys.
#[inline(always)]
fn word(lock: Lock) -> u32 {
    (lock.rank as u32) << 16 | u32::from(lock.key)
}
