//! What one CPU notes, and others read at any moment, for reports: a lock, and whether something is over.

use super::Site;
use crate::atomic::{AtomicBool, AtomicU32, AtomicUsize};
use crate::pointer::AtomicSite;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// A lock that is held or wanted, and where; none if the address is 0.
pub(crate) struct Noted {
    address: AtomicUsize,
    /// Rank and key: see [`super::Lock::word`].
    word: AtomicU32,
    site: AtomicSite,
}

impl Noted {
    pub(crate) const fn new() -> Self {
        Self { address: AtomicUsize::new(0), word: AtomicU32::new(0), site: AtomicSite::new() }
    }

    #[inline(always)]
    pub(crate) fn set_word(&self, word: u32) {
        self.word.store(word, Relaxed);
    }

    #[inline(always)]
    pub(crate) fn set_site(&self, site: Site) {
        self.site.set(Some(site));
    }

    /// The last to be noted.
    #[inline(always)]
    pub(crate) fn set_address(&self, address: usize) {
        // Release: another CPU that sees the address sees what belongs to it (pairs with `get`).
        self.address.store(address, Release);
    }

    #[inline(always)]
    pub(crate) fn clear(&self) {
        self.address.store(0, Relaxed);
    }

    #[inline(always)]
    pub(crate) fn word(&self) -> u32 {
        self.word.load(Relaxed)
    }

    #[inline(always)]
    pub(crate) fn site(&self) -> Option<Site> {
        self.site.get()
    }

    #[inline(always)]
    pub(crate) fn is_at(&self, address: usize) -> bool {
        self.address.load(Relaxed) == address
    }

    /// Address, word and site.
    pub(crate) fn get(&self) -> Option<(usize, u32, Site)> {
        let address = self.address.load(Acquire);
        (address != 0).then_some((address, self.word(), self.site()?))
    }
}

/// Whether a CPU has said something, once for all.
pub(crate) struct Said(AtomicBool);

impl Said {
    pub(crate) const fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    pub(crate) fn say(&self) {
        // Release: whoever hears it sees what was written before.
        self.0.store(true, Release);
    }

    pub(crate) fn is_said(&self) -> bool {
        self.0.load(Acquire)
    }
}
