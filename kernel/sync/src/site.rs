//! An atomic place in the source: where a lock was taken, readable by other CPUs.

#![allow(unsafe_code, reason = "turns a stored pointer back into the reference it was")]

use crate::atomic::AtomicPtr;
use core::panic::Location;
use core::ptr;
use core::sync::atomic::Ordering::Relaxed;

/// A place in the source, or none.
pub(crate) struct AtomicSite(AtomicPtr<Location<'static>>);

impl AtomicSite {
    pub(crate) const fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    #[inline]
    pub(crate) fn set(&self, site: Option<&'static Location<'static>>) {
        self.0.store(site.map_or(ptr::null_mut(), |site| ptr::from_ref(site).cast_mut()), Relaxed);
    }

    #[inline]
    pub(crate) fn get(&self) -> Option<&'static Location<'static>> {
        // SAFETY: the pointer is null or was made from a `&'static Location` in `set`, and what it
        // points to never changes, so no ordering is needed.
        unsafe { self.0.load(Relaxed).as_ref() }
    }
}
