//! Atomic references to what lives for ever, readable by other CPUs: places in the source, and a CPU's notes.

#![allow(unsafe_code, reason = "turns a stored pointer back into the reference it was")]

use crate::atomic::AtomicPtr;
use core::panic::Location;
use core::ptr;
use core::sync::atomic::Ordering::{Acquire, Release};

/// A reference, or none.
pub(crate) struct AtomicRef<T: Sync + 'static>(AtomicPtr<T>);

/// A place in the source where a lock was taken, or none.
pub(crate) type AtomicSite = AtomicRef<Location<'static>>;

impl<T: Sync> AtomicRef<T> {
    pub(crate) const fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    #[inline(always)]
    pub(crate) fn set(&self, to: Option<&'static T>) {
        // Release: whoever gets the reference sees what was written to it before (pairs with `get`).
        self.0.store(to.map_or(ptr::null_mut(), |to| ptr::from_ref(to).cast_mut()), Release);
    }

    #[inline(always)]
    pub(crate) fn get(&self) -> Option<&'static T> {
        // SAFETY: the pointer is null or was made from a `&'static T` in `set`; `T: Sync` lets any CPU have it.
        unsafe { self.0.load(Acquire).as_ref() }
    }
}

/// A reference. As [`AtomicRef`], without the question whether there is one.
pub(crate) struct AlwaysRef<T: Sync + 'static>(AtomicPtr<T>);

impl<T: Sync> AlwaysRef<T> {
    pub(crate) const fn new(to: &'static T) -> Self {
        Self(AtomicPtr::new(ptr::from_ref(to).cast_mut()))
    }

    #[inline(always)]
    pub(crate) fn set(&self, to: &'static T) {
        self.0.store(ptr::from_ref(to).cast_mut(), Release);
    }

    #[inline(always)]
    pub(crate) fn get(&self) -> &'static T {
        // SAFETY: the pointer was made from a `&'static T`, in `new` or `set`; `T: Sync` lets any CPU have it.
        unsafe { &*self.0.load(Acquire) }
    }
}
