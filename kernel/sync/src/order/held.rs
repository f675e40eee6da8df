//! What one CPU holds and what it waits for.
//!
//! Written by its own CPU alone, with interrupts off. Other CPUs read it for reports while it
//! changes, so every field is atomic; what they see may be a moment old.

use super::raw_site::AtomicSite;
use super::{Lock, Site};
use crate::Rank;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize};

/// Two of every class is more than any correct path holds; so the size follows from the order.
const DEPTH: usize = 2 * Rank::ALL.len();

/// A lock and where it was taken, or where it is wanted.
#[derive(Clone, Copy)]
pub(crate) struct Held {
    pub(crate) lock: Lock,
    pub(crate) site: Site,
}

/// What a CPU waits for.
#[derive(Clone, Copy)]
pub(crate) enum Wait {
    /// A lock, and where it is wanted.
    Lock(Held),
    /// An answer of that CPU, and where it is waited for.
    Cpu(usize, Site),
}

/// The notes of one CPU.
pub(crate) struct PerCpu {
    /// In the order they were taken. A lock that is released early leaves a hole.
    entries: [Entry; DEPTH],
    /// All entries from here on are empty.
    len: AtomicUsize,
    /// Locks that were taken when `entries` was full.
    untracked: AtomicUsize,
    wanted: Entry,
    /// Index + 1 of the CPU whose answer is waited for; 0 for none.
    awaited: AtomicUsize,
    awaited_at: AtomicSite,
    /// When the wait for `wanted` or `awaited` began, in milliseconds.
    since: AtomicU32,
    /// This CPU is in the middle of a report; whatever happens meanwhile is not reported.
    reporting: AtomicBool,
}

impl PerCpu {
    pub(crate) const fn new() -> Self {
        Self {
            entries: [const { Entry::new() }; DEPTH],
            len: AtomicUsize::new(0),
            untracked: AtomicUsize::new(0),
            wanted: Entry::new(),
            awaited: AtomicUsize::new(0),
            awaited_at: AtomicSite::new(),
            since: AtomicU32::new(0),
            reporting: AtomicBool::new(false),
        }
    }

    /// What is held, in the order it was taken.
    pub(crate) fn held(&self) -> impl Iterator<Item = Held> {
        self.entries[..self.len.load(Acquire).min(DEPTH)].iter().filter_map(Entry::get)
    }

    /// Adds a lock; `false` if there are more than a correct kernel can hold.
    pub(crate) fn push(&self, held: Held) -> bool {
        let len = self.len.load(Relaxed);
        let Some(entry) = self.entries.get(len) else {
            self.untracked.fetch_add(1, Relaxed);
            return false;
        };
        entry.set(held);
        self.len.store(len + 1, Release);
        true
    }

    /// Removes a lock; `false` if it is not held. Looks at the last one first: that is mostly it.
    pub(crate) fn remove(&self, address: usize) -> bool {
        let mut len = self.len.load(Relaxed);
        let Some(entry) = self.entries[..len].iter().rfind(|entry| entry.is(address)) else {
            let give_back = |n: usize| n.checked_sub(1);
            return self.untracked.fetch_update(Relaxed, Relaxed, give_back).is_ok();
        };
        entry.clear();
        while len > 0 && self.entries[len - 1].is(0) {
            len -= 1;
        }
        self.len.store(len, Release);
        true
    }

    pub(crate) fn start_waiting(&self, wait: Wait, now: u32) {
        self.since.store(now, Relaxed);
        match wait {
            Wait::Lock(wanted) => self.wanted.set(wanted),
            Wait::Cpu(cpu, site) => {
                self.awaited_at.set(site);
                self.awaited.store(cpu + 1, Release);
            }
        }
    }

    pub(crate) fn stop_waiting(&self) {
        self.wanted.clear();
        self.awaited.store(0, Relaxed);
    }

    /// What this CPU waits for.
    pub(crate) fn wait(&self) -> Option<Wait> {
        let cpu = self.awaited.load(Acquire).checked_sub(1);
        let answer = cpu.zip(self.awaited_at.get()).map(|(cpu, site)| Wait::Cpu(cpu, site));
        answer.or_else(|| self.wanted.get().map(Wait::Lock))
    }

    /// When the present wait began.
    pub(crate) fn since(&self) -> u32 {
        self.since.load(Relaxed)
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
}

impl Entry {
    const fn new() -> Self {
        Self { address: AtomicUsize::new(0), class: AtomicU32::new(0), site: AtomicSite::new() }
    }

    fn is(&self, address: usize) -> bool {
        self.address.load(Relaxed) == address
    }

    fn set(&self, held: Held) {
        self.class.store((held.lock.rank as u32) << 16 | u32::from(held.lock.key), Relaxed);
        self.site.set(held.site);
        // Release: another CPU that sees the address sees what belongs to it (pairs with `get`).
        self.address.store(held.lock.address, Release);
    }

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
