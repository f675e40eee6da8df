//! Events for `scripts/jos trace`: each is a store to a byte of its own.
//!
//! Nobody reads the bytes. QEMU's plugin in `scripts/rig` sees the store's address, which is the event, and notes it with
//! the CPU and the virtual time. So an event is one instruction and no data that CPUs share.
//! `trace_off.rs` has the same names for all other builds.

use crate::Rank;
use crate::event::{Event, Lock, NUMBERS};
use core::sync::atomic::AtomicU8;
use core::sync::atomic::Ordering::Relaxed;

/// The bytes. The host tool finds them by this name. Used: to the compiler they are read by nobody.
#[used]
static TRACE: [AtomicU8; NUMBERS] = [const { AtomicU8::new(0) }; NUMBERS];

/// Tells of `event`, now.
#[inline(always)]
pub fn note(event: Event) {
    TRACE[event.number() % NUMBERS].store(0, Relaxed);
}

/// What is kept in each lock: its class.
pub(crate) struct InLock(Rank);

impl InLock {
    pub(crate) const fn new(rank: Rank) -> Self {
        Self(rank)
    }
}

/// Waits for the lock from now on.
#[inline(always)]
pub(crate) fn wants(lock: &InLock, key: u16) {
    note(Event::Wants(Lock::new(lock.0, key)));
}

/// Has the lock.
#[inline(always)]
pub(crate) fn has(lock: &InLock, key: u16) {
    note(Event::Has(Lock::new(lock.0, key)));
}

/// Is about to release the lock.
#[inline(always)]
pub(crate) fn frees(lock: &InLock, key: u16) {
    note(Event::Frees(Lock::new(lock.0, key)));
}
