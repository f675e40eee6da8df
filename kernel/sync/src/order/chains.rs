//! What one CPU has done before: which classes it held, one taken inside the other, and which it then wanted.
//!
//! The rules about classes depend on nothing else. So a chain that broke no rule once never will, and the second time one
//! look is all the checking there is: from the chain that is held now, `next` leads to the one that is held when a lock
//! of some class is added, if that has been found right before. Each chain has room for the notes of its last lock, so to
//! take a lock is to go one step on, and to release the last one is to go back.
//!
//! Chains belong to one CPU, which writes them without a locked instruction; others read them for reports and pictures,
//! and what they see may be a moment old.

use super::counts::Counts;
use super::held::{DEPTH, Held, Notes};
use super::home::Home;
use super::noted::Noted;
use super::{Checker, Site};
use crate::Rank;
use crate::atomic::{AtomicU32, AtomicUsize, ROOM};
use crate::pointer::{AlwaysRef, AtomicRef};
use crate::rank::Set;
use core::sync::atomic::Ordering::Relaxed;
use core::{iter, ptr};

const _: () = assert!(DEPTH < ROOM, "the longest chain must fit");

/// Held by a CPU that has never taken a lock. All such CPUs share it, and none writes to it.
pub(super) static NOTHING: Chain = Chain::new();

/// Classes held, in the order they were taken.
pub(crate) struct Chain {
    /// The chain with one more class, for those that were found right.
    next: [AtomicRef<Chain>; Rank::COUNT],
    /// The chain with a second one of the last class: right if its key is.
    again: AtomicRef<Chain>,
    /// The chain without the last class.
    outer: AlwaysRef<Chain>,
    /// The last lock. Of no meaning unless the chain is held.
    noted: Noted,
    /// How often the last class was wanted with the others held.
    pub(super) count: AtomicU32,
    /// The last class, and all.
    rank: AtomicU32,
    classes: AtomicU32,
    len: AtomicUsize,
}

impl Chain {
    pub(super) const fn new() -> Self {
        Self {
            next: [const { AtomicRef::new() }; Rank::COUNT],
            again: AtomicRef::new(),
            outer: AlwaysRef::new(&NOTHING),
            noted: Noted::new(),
            count: AtomicU32::new(0),
            rank: AtomicU32::new(0),
            classes: AtomicU32::new(0),
            len: AtomicUsize::new(0),
        }
    }

    /// The chain with a lock of class `rank` as well, if this CPU has done that before and may do it again.
    #[inline(always)]
    pub(crate) fn next(&self, rank: Rank) -> Option<&'static Chain> {
        self.next[rank as usize].get()
    }

    /// The same for a lock of the last class, of whose word this is: its key must be the greater one.
    #[inline(always)]
    pub(crate) fn again(&self, word: u32) -> Option<&'static Chain> {
        let (again, last) = (self.again.get()?, self.noted.word());
        (last < word && last ^ word < 1 << 16).then_some(again)
    }

    /// The chain without the last lock.
    #[inline(always)]
    pub(crate) fn outer(&self) -> &'static Chain {
        self.outer.get()
    }

    /// Whether the last lock is the one at `address`.
    #[inline(always)]
    pub(crate) fn is_last(&self, address: usize) -> bool {
        self.noted.is_at(address)
    }

    /// Whether the last class is `rank`.
    #[inline]
    pub(crate) fn is_of(&self, rank: Rank) -> bool {
        self.len.load(Relaxed) > 0 && self.rank.load(Relaxed) == rank as u32
    }

    /// The classes in the chain.
    #[inline]
    pub(crate) fn classes(&self) -> Set {
        self.classes.load(Relaxed)
    }

    /// Whether no more can be noted.
    pub(crate) fn is_full(&self) -> bool {
        self.len.load(Relaxed) == DEPTH
    }

    /// Notes the last lock.
    pub(crate) fn note(&self, word: u32, address: usize, site: Site) {
        self.note_wanted(word, site);
        self.note_got(address);
    }

    /// Notes all of the last lock but its address, for as long as it is not taken.
    #[inline(always)]
    pub(crate) fn note_wanted(&self, word: u32, site: Site) {
        self.noted.set_word(word);
        self.noted.set_site(site);
    }

    /// Notes the address of the last lock, which is taken. Not before: another CPU may be reading this chain because it was
    /// held a moment ago, and must not find in it what it holds itself.
    #[inline(always)]
    pub(crate) fn note_got(&self, address: usize) {
        self.noted.set_address(address);
    }

    /// Notes where the last lock, which is the same each time, was taken.
    #[inline(always)]
    pub(crate) fn note_site(&self, site: Site) {
        self.noted.set_site(site);
    }

    /// Counts that the last class was wanted.
    #[inline(always)]
    pub(crate) fn count(&self) {
        self.count.store(self.count.load(Relaxed).wrapping_add(1), Relaxed);
    }

    /// Where the last lock is taken.
    pub(crate) fn site(&self) -> Option<Site> {
        self.noted.site()
    }

    /// The last lock, unless it was crossed out.
    fn last(&self) -> Option<Held> {
        Held::of(&self.noted)
    }

    /// This chain, then the one without its last lock, and so on. Another CPU may be changing it.
    fn to_first(&'static self) -> impl Iterator<Item = &'static Chain> {
        let held = |chain: &&Chain| chain.len.load(Relaxed) > 0;
        iter::successors(Some(self), |chain| Some(chain.outer())).take_while(held).take(DEPTH)
    }

    /// The locks, first taken first, without those that were crossed out.
    pub(crate) fn held(&'static self) -> Notes {
        Notes::of(self.to_first().filter_map(Chain::last))
    }

    /// The lock at `address`, if it is one of them.
    pub(crate) fn find(&'static self, address: usize) -> Option<Held> {
        self.to_first().find(|chain| chain.is_last(address))?.last()
    }

    /// Whether a lock was crossed out.
    pub(crate) fn has_hole(&'static self) -> bool {
        self.to_first().any(|chain| chain.is_last(0))
    }

    /// Crosses out the lock at `address`, which another CPU does with a lock that its holder does not hold any more.
    pub(crate) fn cross_out(&'static self, address: usize) {
        if let Some(chain) = self.to_first().find(|chain| chain.is_last(address)) {
            chain.noted.clear();
        }
    }

    /// Makes this the chain `outer` and one more class.
    fn begin(&self, outer: &'static Chain, rank: Rank) {
        self.unlink();
        self.outer.set(outer);
        self.noted.clear();
        self.count.store(0, Relaxed);
        self.rank.store(rank as u32, Relaxed);
        self.classes.store(outer.classes() | 1 << rank as u32, Relaxed);
        self.len.store(outer.len.load(Relaxed) + 1, Relaxed);
    }

    fn unlink(&self) {
        self.next.iter().chain([&self.again]).for_each(|link| link.set(None));
    }
}

/// The chains of one CPU.
pub(crate) struct Chains {
    home: Home,
    others: [Chain; ROOM],
    used: AtomicUsize,
    /// What chains have counted that are forgotten.
    past: Counts,
}

impl Chains {
    pub(crate) const fn new() -> Self {
        let others = [const { Chain::new() }; ROOM];
        Self { home: Home::new(), others, used: AtomicUsize::new(0), past: Counts::new() }
    }

    /// The chains of CPU `cpu` that stay, ready for use.
    pub(crate) fn home(&'static self, cpu: usize) -> &'static Home {
        let Home { empty, answer } = &self.home;
        let lock = Checker::answer(cpu);
        if answer.len.load(Relaxed) == 0 {
            answer.begin(empty, lock.rank);
        }
        answer.noted.set_word(lock.word());
        answer.note_got(lock.address);
        &self.home
    }

    /// The chain `outer` and one more class, learned or not. `None` if there is no room for another chain.
    pub(crate) fn inside(&'static self, outer: &'static Chain, rank: Rank) -> Option<&'static Chain> {
        let used = self.used.load(Relaxed);
        let is_it = |chain: &&Chain| chain.rank.load(Relaxed) == rank as u32 && ptr::eq(chain.outer(), outer);
        if let Some(chain) = self.in_use().find(is_it) {
            return Some(chain);
        }
        let chain = self.others.get(used)?;
        chain.begin(outer, rank);
        self.used.store(used + 1, Relaxed);
        Some(chain)
    }

    /// All that are not empty.
    fn in_use(&self) -> impl Iterator<Item = &Chain> {
        iter::once(&self.home.answer).chain(&self.others[..self.used.load(Relaxed)])
    }

    /// Remembers that to want the last class of `chain` with the others held is right, and counts it.
    pub(crate) fn learn(&self, chain: &'static Chain, rank: Rank) {
        let (outer, class) = (chain.outer(), 1 << rank as u32);
        if outer.classes() & class == 0 {
            outer.next[rank as usize].set(Some(chain));
        } else if outer.is_of(rank) && outer.outer().classes() & class == 0 {
            // Two of a class, one right after the other. All else that goes by keys is looked at each time.
            outer.again.set(Some(chain));
        }
        chain.count();
    }

    /// The chain of the locks in `held`, with them noted in it.
    pub(crate) fn rebuild(&'static self, held: &Notes) -> &'static Chain {
        self.follow(held).unwrap_or_else(|| {
            self.forget();
            self.follow(held).unwrap_or(&self.home.empty)
        })
    }

    fn follow(&'static self, held: &Notes) -> Option<&'static Chain> {
        let mut chain = &self.home.empty;
        for Held { lock, site } in held.iter() {
            chain = self.inside(chain, lock.rank)?;
            chain.note(lock.word(), lock.address, site);
        }
        Some(chain)
    }

    /// Forgets all chains but those at home, to make room for others. What they have counted stays.
    pub(crate) fn forget(&self) {
        let used = self.used.swap(0, Relaxed);
        self.doubt();
        for chain in &self.others[..used] {
            let rank = Rank::ALL[chain.rank.load(Relaxed) as usize];
            self.past.add(chain.outer().classes(), rank, chain.count.load(Relaxed));
        }
    }

    /// Forgets what was counted, too: the CPU starts anew.
    pub(crate) fn reset(&self) {
        self.forget();
        self.past.reset();
    }

    /// Forgets what was found right, so that all is looked at again.
    pub(crate) fn doubt(&self) {
        self.home.empty.unlink();
        self.in_use().for_each(Chain::unlink);
    }

    /// How often `inner` was wanted while `outer` was held.
    pub(crate) fn times(&self, outer: Rank, inner: Rank) -> u32 {
        let is_meant = |chain: &&Chain| chain.is_of(inner) && chain.outer().classes() & 1 << outer as u32 != 0;
        let now: u32 = self.in_use().filter(is_meant).map(|chain| chain.count.load(Relaxed)).sum();
        now.wrapping_add(self.past.get(outer, inner))
    }
}

// Models have words of their own, which are to be used in a model alone.
#[cfg(all(test, not(feature = "model")))]
mod tests;
