//! What one CPU holds and what it waits for.
//!
//! Written by its own CPU alone, with interrupts off. Other CPUs read it for reports while it
//! changes, so every field is atomic; what they see may be a moment old.

use super::chains::{Chain, Chains, NOTHING};
use super::home::{Home, NOBODY};
use super::noted::{Noted, Said};
use super::stack::Stack;
use super::tries::Tries;
use super::{Lock, Site};
use crate::atomic::{AtomicBool, AtomicU32, AtomicUsize};
use crate::pointer::AlwaysRef;
use crate::{Machine, Rank};
use core::ptr;
use core::sync::atomic::Ordering::Relaxed;

/// Two of every class is more than any correct path holds; so the size follows from the order.
pub(super) const DEPTH: usize = 2 * Rank::ALL.len();

/// A lock and where it was taken, or where it is wanted.
#[derive(Clone, Copy)]
pub(crate) struct Held {
    pub(crate) lock: Lock,
    pub(crate) site: Site,
}

impl Held {
    /// What another CPU may be changing.
    pub(super) fn of(noted: &Noted) -> Option<Self> {
        let (address, word, site) = noted.get()?;
        Some(Self { lock: Lock::of(address, word)?, site })
    }
}

/// Some locks, first taken first.
pub(crate) struct Notes {
    /// The last one first.
    entries: [Option<Held>; DEPTH],
    len: usize,
}

impl Notes {
    /// Those that `last_first` has, which are no more than there can be.
    pub(crate) fn of(last_first: impl Iterator<Item = Held>) -> Self {
        let mut notes = Self { entries: [None; DEPTH], len: 0 };
        for (entry, held) in notes.entries.iter_mut().zip(last_first) {
            *entry = Some(held);
            notes.len += 1;
        }
        notes
    }

    /// First taken first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Held> {
        self.entries[..self.len].iter().rev().copied().flatten()
    }

    /// First taken first.
    pub(crate) fn into_iter(self) -> impl Iterator<Item = Held> {
        self.entries.into_iter().rev().flatten()
    }

    /// Without the lock at `address`; `None` if that is not among them.
    pub(crate) fn without(&self, address: usize) -> Option<Self> {
        let entries = &self.entries[..self.len];
        let at = entries.iter().flatten().position(|held| held.lock.address == address)?;
        Some(Self::of(entries[..at].iter().chain(&entries[at + 1..]).copied().flatten()))
    }
}

/// Where a CPU is among its chains. In a cache line of its own, and so that finding it takes no multiplication.
#[repr(align(64))]
pub(crate) struct Now {
    chain: AlwaysRef<Chain>,
    home: AlwaysRef<Home>,
}

impl Now {
    pub(crate) const fn new() -> Self {
        Self { chain: AlwaysRef::new(&NOTHING), home: AlwaysRef::new(&NOBODY) }
    }

    #[inline(always)]
    pub(crate) fn get(&self) -> &'static Chain {
        self.chain.get()
    }

    #[inline(always)]
    pub(crate) fn set(&self, chain: &'static Chain) {
        self.chain.set(chain);
    }

    /// A CPU comes here, with its hands empty.
    pub(crate) fn settle(&self, home: &'static Home) {
        self.home.set(home);
        self.chain.set(home.empty());
    }

    /// No CPU is here any more.
    pub(crate) fn leave(&self) {
        self.home.set(&NOBODY);
        self.chain.set(&NOTHING);
    }

    /// From empty hands to user mode, from where others wait for it. Whether that is where the CPU was.
    #[inline(always)]
    pub(crate) fn enter_user(&self, site: Site) -> bool {
        let home = self.home.get();
        let is_home = ptr::eq(self.get(), home.empty());
        if is_home {
            home.answer().note_site(site);
            self.set(home.answer());
        }
        is_home
    }

    /// And back.
    #[inline(always)]
    pub(crate) fn leave_user(&self) -> bool {
        let home = self.home.get();
        let was_there = ptr::eq(self.get(), home.answer());
        if was_there {
            self.set(home.empty());
        }
        was_there
    }
}

/// The notes of one CPU.
pub(crate) struct PerCpu {
    pub(crate) chains: Chains,
    /// Which `Now` of the checker is this CPU's, plus one; 0 before it has one.
    pub(super) place: AtomicUsize,
    /// The lock or the answer that is waited for.
    wanted: Noted,
    pub(crate) tries: Tries,
    /// When the wait began, in milliseconds, and from where.
    since: AtomicU32,
    pub(crate) wait_stack: Stack,
    /// This CPU was stopped for a report, and here.
    stopped: Said,
    pub(crate) last_stack: Stack,
    /// This CPU is in the middle of a report; whatever happens meanwhile is not reported.
    reporting: AtomicBool,
}

impl PerCpu {
    pub(crate) const fn new() -> Self {
        Self {
            chains: Chains::new(),
            place: AtomicUsize::new(0),
            wanted: Noted::new(),
            tries: Tries::new(),
            since: AtomicU32::new(0),
            wait_stack: Stack::new(),
            stopped: Said::new(),
            last_stack: Stack::new(),
            reporting: AtomicBool::new(false),
        }
    }

    pub(crate) fn reset(&self) {
        self.chains.reset();
        self.place.store(0, Relaxed);
        self.wanted.clear();
    }

    pub(crate) fn start_waiting<M: Machine>(&self, wanted: Held) {
        self.since.store(M::millis(), Relaxed);
        self.wait_stack.save::<M>();
        self.wanted.set_word(wanted.lock.word());
        self.wanted.set_site(wanted.site);
        self.wanted.set_address(wanted.lock.address);
    }

    #[inline]
    pub(crate) fn stop_waiting(&self) {
        self.wanted.clear();
    }

    /// What this CPU waits for.
    pub(crate) fn wait(&self) -> Option<Held> {
        Held::of(&self.wanted)
    }

    /// When the present wait began.
    pub(crate) fn since(&self) -> u32 {
        self.since.load(Relaxed)
    }

    /// Notes that this CPU has been stopped, and what it was doing.
    pub(crate) fn stop(&self, stack: impl Iterator<Item = u32>) {
        self.last_stack.keep(stack);
        self.stopped.say();
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.is_said()
    }

    /// Starts a report; `false` if this CPU is in the middle of one.
    pub(crate) fn start_report(&self) -> bool {
        !self.reporting.swap(true, Relaxed)
    }

    pub(crate) fn end_report(&self) {
        self.reporting.store(false, Relaxed);
    }
}
