//! The spin lock and its guard.
//!
//! The data is inside the lock, so it can't be reached without the lock. A lock has a rank (its
//! class, see `rank.rs`) and a key (which one of its class: an env's slot, a CPU's number).
//! Interrupts must be off from before [`SpinLock::lock`] until after the guard is dropped: an
//! interrupt handler on this CPU that wanted the lock would wait for ever.
#![allow(unsafe_code, reason = "hands out the data a lock protects")]

use crate::raw_inside::Inside;
use crate::sweep::{self, LeftOut};
use crate::{Machine, Rank, order, stats, trace};
use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use core::panic::Location;

/// Data that one CPU at a time can reach.
///
/// Without checks it is the data, one lock byte and the key.
pub struct SpinLock<T, M: Machine> {
    inside: Inside<M>,
    class: order::Class,
    stats: stats::InLock,
    trace: trace::InLock,
    sweep: sweep::InLock,
    key: u16,
    value: UnsafeCell<T>,
}

// SAFETY: a shared `SpinLock` gives access to `T` only through a guard, of which at most one exists
// at any time, so sharing the lock only ever moves the access from CPU to CPU: `T: Send` suffices. The same holds for the
// cells in `stats`, which are used only while a guard is made and while it is dropped, with the lock in hand.
unsafe impl<T: Send, M: Machine> Sync for SpinLock<T, M> {}

impl<T, M: Machine> SpinLock<T, M> {
    /// A free lock of class `rank`. `key` tells it from the others of its class, and is the order
    /// in which two of them are taken.
    pub const fn new(rank: Rank, key: u16, value: T) -> Self {
        let (class, stats) = (order::Class::new(rank, key), stats::InLock::new(rank));
        let (trace, sweep) = (trace::InLock::new(rank), sweep::InLock::new(rank));
        Self { inside: Inside::new(), class, stats, trace, sweep, key, value: UnsafeCell::new(value) }
    }

    /// Waits until the lock is free and takes it. Interrupts must be off.
    ///
    /// # Panics
    /// In a debug build: if this CPU holds the lock already, or waits for more than ten seconds.
    #[inline]
    #[track_caller]
    pub fn lock(&self) -> Guard<'_, T, M> {
        let site = Location::caller();
        let left_out = self.sweep.at(site);
        if left_out.is_so() {
            return self.without(left_out);
        }
        self.lock_after(order::before::<M>(&self.class, site), site)
    }

    /// The same for the second of two locks of this class, the one with the greater key. Another place in the code, that is
    /// all: the checker looks first for what is usual there.
    #[inline]
    #[track_caller]
    pub(crate) fn lock_second(&self) -> Guard<'_, T, M> {
        let site = Location::caller();
        let left_out = self.sweep.second_at(site);
        if left_out.is_so() {
            return self.without(left_out);
        }
        self.lock_after(order::before_second::<M>(&self.class, site), site)
    }

    /// A guard for what is left out: see `sweep.rs`.
    fn without(&self, left_out: LeftOut) -> Guard<'_, T, M> {
        self.sweep.intrude();
        let guard = Guard { lock: self, left_out, not_send: PhantomData };
        self.sweep.dawdle(|| self.inside.is_locked());
        guard
    }

    #[inline(always)]
    fn lock_after(&self, here: order::Here, site: &'static Location<'static>) -> Guard<'_, T, M> {
        if !self.inside.try_lock() {
            self.wait(site);
        }
        self.taken(here)
    }

    /// Waits until the lock is free, and takes it.
    #[cold]
    #[inline(never)]
    fn wait(&self, site: &'static Location<'static>) {
        order::wait::<M>(&self.class, site);
        trace::wants(&self.trace, self.key);
        let since = stats::now::<M>();
        self.inside.lock();
        let ticks = stats::waited::<M>(&self.stats, site, since);
        order::waited::<M>(&self.class, site, ticks);
    }

    /// Takes the lock if it is free. Since this never waits, any order is right; to try it in a loop is to wait, and a debug
    /// build checks the order of that. Interrupts must be off.
    #[inline]
    #[track_caller]
    pub fn try_lock(&self) -> Option<Guard<'_, T, M>> {
        let site = Location::caller();
        let here = order::before_try::<M>(&self.class, site);
        if self.inside.try_lock() {
            return Some(self.taken(here));
        }
        order::not_free::<M>(&self.class, site);
        None
    }

    /// Whether somebody held the lock a moment ago. Good for nothing but choosing whom to ask.
    pub fn is_locked_hint(&self) -> bool {
        self.inside.is_locked()
    }

    /// States that the caller holds this lock. A debug build reports it if this CPU does not.
    #[inline]
    #[track_caller]
    pub fn assert_held(&self) {
        order::assert_held::<M>(&self.class, Location::caller());
    }

    /// States that the caller does not hold this lock. A debug build reports it if this CPU does.
    #[inline]
    #[track_caller]
    pub fn assert_not_held(&self) {
        order::assert_not_held::<M>(&self.class, Location::caller());
    }

    /// States that the code from here on may take this lock, though perhaps not this time. A debug build checks the order
    /// as if it did, so that the rare path need not happen to be checked.
    #[inline]
    #[track_caller]
    pub fn might_lock(&self) {
        order::might::<M>(&self.class, Location::caller());
    }

    /// States that the caller holds this lock and relies on it until the pin is dropped. A debug build reports whoever
    /// releases it meanwhile, though it be to take it again.
    #[inline]
    #[track_caller]
    pub fn pin(&self) -> Pin<'_, T, M> {
        order::pin::<M>(&self.class, Location::caller());
        Pin { lock: self }
    }

    /// The data, without locking: nobody else can have the lock while the caller has it all.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    /// Forgets who holds the lock, so that the panic path can take it.
    ///
    /// # Safety
    /// Whoever held it must never run again, or never use its guard again.
    pub unsafe fn bust(&self) {
        if self.inside.is_locked() {
            order::forget::<M>(&self.class);
            // SAFETY: the owner never runs again, by the contract above.
            unsafe { self.inside.unlock() }
        }
    }

    /// Which one of its class this is.
    pub(crate) fn key(&self) -> u16 {
        self.key
    }

    /// Makes the guard. Only for a caller that has just locked `inside`.
    #[inline(always)]
    fn taken(&self, here: order::Here) -> Guard<'_, T, M> {
        order::taken::<M>(here, &self.class);
        stats::taken::<M>(&self.stats);
        trace::has(&self.trace, self.key);
        let guard = Guard { lock: self, left_out: LeftOut::NO, not_send: PhantomData };
        self.sweep.taken();
        guard
    }
}

/// The promise that a lock stays held, made by [`SpinLock::pin`].
#[must_use = "the lock is pinned only until the pin is dropped"]
pub struct Pin<'a, T, M: Machine> {
    lock: &'a SpinLock<T, M>,
}

impl<T, M: Machine> Drop for Pin<'_, T, M> {
    #[inline]
    fn drop(&mut self) {
        order::unpin(&self.lock.class);
    }
}

/// The right to use what a lock protects. Dropping it releases the lock.
///
/// It can't leave its CPU: it is not `Send`.
///
/// ```compile_fail,E0277
/// fn send<T: Send>(_: T) {}
/// fn leave<M: sync::Machine>(guard: sync::Guard<'_, u32, M>) {
///     send(guard);
/// }
/// ```
#[must_use = "the lock is released at once if the guard is dropped"]
pub struct Guard<'a, T, M: Machine> {
    lock: &'a SpinLock<T, M>,
    left_out: LeftOut,
    not_send: PhantomData<*mut ()>,
}

impl<T, M: Machine> Deref for Guard<'_, T, M> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: this guard is the only one, and it is borrowed: nobody has a `&mut T`.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T, M: Machine> DerefMut for Guard<'_, T, M> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: this guard is the only one, and it is borrowed mutably: nobody has another `&T`.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T, M: Machine> Drop for Guard<'_, T, M> {
    #[inline]
    fn drop(&mut self) {
        if self.left_out.is_so() {
            return self.lock.sweep.leave(self.lock.inside.is_locked());
        }
        let ticks = stats::released::<M>(&self.lock.stats);
        order::held_for::<M>(&self.lock.class, ticks);
        let is_watched = order::released::<M>(&self.lock.class);
        trace::frees(&self.lock.trace, self.lock.key);
        // SAFETY: a guard is made only by the owner of the lock, and this one is going away.
        unsafe { self.lock.inside.unlock() }
        if is_watched {
            order::let_go::<M>(&self.lock.class);
        }
    }
}
