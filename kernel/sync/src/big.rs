//! The big lock: one lock for the whole kernel, to compare the fine locks with.
//!
//! Selected by feature `big-lock`; otherwise `big_off.rs` has the same names. Each CPU enters once
//! while it boots and lets go only in [`Guard::unlocked`]: in user mode and while idle. There is no
//! time limit on the wait: the monitor may hold the lock for as long as somebody types.
#![allow(unsafe_code, reason = "unlocks a raw lock")]

use crate::Machine;
use crate::atomic::AtomicUsize;
use crate::event::{Event, Lock};
use crate::order::{self, Gate};
use crate::raw::Raw;
use crate::trace;
use core::marker::PhantomData;
use core::sync::atomic::Ordering::Relaxed;
use spin::Spin;

/// Whether all kernel code runs under the big lock.
pub const IS_ON: bool = true;

/// The lock of the whole kernel.
pub struct BigLock {
    raw: Raw<Spin>,
    /// The holder's CPU index + 1; 0 for nobody. Written only by the holder.
    holder: AtomicUsize,
}

impl BigLock {
    /// A free lock.
    #[must_use]
    pub const fn new() -> Self {
        Self { raw: Raw::new(), holder: AtomicUsize::new(0) }
    }

    fn lock(&self, holder: usize) {
        if !self.raw.try_lock() {
            trace::note(Event::Wants(Lock::big()));
            self.raw.lock();
        }
        trace::note(Event::Has(Lock::big()));
        // Relaxed: a CPU asks only whether it holds the lock itself, and sees its own stores.
        self.holder.store(holder, Relaxed);
    }

    fn unlock(&self) {
        self.holder.store(0, Relaxed);
        trace::note(Event::Frees(Lock::big()));
        // SAFETY: only `Guard` calls this, and a guard exists only while its CPU owns the lock.
        unsafe { self.raw.unlock() }
    }
}

impl Default for BigLock {
    fn default() -> Self {
        Self::new()
    }
}

/// The permission to run kernel code. Dropping it lets another CPU in.
#[must_use = "the big lock is released at once if the guard is dropped"]
pub struct Guard<M: Machine> {
    /// This CPU's index + 1, since asking for it each time would be much of what the lock costs.
    holder: usize,
    not_send: PhantomData<*mut M>,
}

/// Waits until no other CPU runs kernel code. Interrupts must be off.
///
/// # Panics
/// If this CPU holds the big lock already: it would wait for itself.
#[track_caller]
pub fn enter<M: Machine>() -> Guard<M> {
    assert!(!is_held::<M>(), "the big lock is taken twice by one CPU");
    order::gate::<M>(Gate::BigLock);
    let holder = M::cpu() + 1;
    M::big_lock().lock(holder);
    Guard { holder, not_send: PhantomData }
}

impl<M: Machine> Guard<M> {
    /// Lets go of the big lock while `f` runs. No fine lock may be held: `f` is user mode or idling.
    #[track_caller]
    pub fn unlocked<R>(&mut self, f: impl FnOnce() -> R) -> R {
        order::gate::<M>(Gate::BigLock);
        M::big_lock().unlock();
        let _back = Relock::<M> { holder: self.holder, machine: PhantomData };
        f()
    }
}

impl<M: Machine> Drop for Guard<M> {
    fn drop(&mut self) {
        M::big_lock().unlock();
    }
}

/// Makes this CPU the holder, whoever was. For the checker's self-test, where one CPU plays all.
#[allow(dead_code, reason = "only builds with checks have that test")]
pub(crate) fn pass_here<M: Machine>() {
    M::big_lock().holder.store(M::cpu() + 1, Relaxed);
}

/// Makes nobody the holder, for the same test. Says whether that means anything.
#[allow(dead_code, reason = "only builds with checks have that test")]
pub(crate) fn pass_away<M: Machine>() -> bool {
    M::big_lock().holder.store(0, Relaxed);
    true
}

/// Takes the big lock back, also if `f` unwinds (as it may on the host).
struct Relock<M: Machine> {
    holder: usize,
    machine: PhantomData<fn() -> M>,
}

impl<M: Machine> Drop for Relock<M> {
    fn drop(&mut self) {
        M::big_lock().lock(self.holder);
    }
}

/// States that this CPU does not hold the big lock: what it is about to wait for is done by others, who need it.
///
/// # Panics
/// If it does: they would never come to do it. That wait has no time limit, so nothing else would say so.
#[inline]
#[track_caller]
pub fn assert_let_go<M: Machine>() {
    assert!(!is_held::<M>(), "a CPU waits for others, or for a program, with the big lock held");
}

/// Whether this CPU holds the big lock, so that fine locks may be taken.
#[must_use]
pub fn is_held<M: Machine>() -> bool {
    M::big_lock().holder.load(Relaxed) == M::cpu() + 1
}
