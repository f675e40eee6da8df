//! Two locks of one class at once, in the one order that can't deadlock.
//!
//! Two CPUs that each want the same two locks must take them in the same order. Callers name the
//! locks by what they mean (source and destination, sender and receiver); [`lock_pair`] takes them
//! by key.

use crate::{Guard, Machine, SpinLock};
use core::ptr;

/// Locks `a` and `b`, the one with the smaller key first. The same lock given twice is locked once.
///
/// The keys of two different locks of one class must differ (a debug build reports it); if they
/// do not, the address decides.
#[track_caller]
pub fn lock_pair<'a, T, M: Machine>(a: &'a SpinLock<T, M>, b: &'a SpinLock<T, M>) -> Pair<'a, T, M> {
    if ptr::eq(a, b) {
        return Pair { first: a.lock(), second: None };
    }
    if (a.key(), ptr::from_ref(a)) < (b.key(), ptr::from_ref(b)) {
        let first = a.lock();
        Pair { first, second: Some(b.lock()) }
    } else {
        let second = b.lock();
        Pair { first: a.lock(), second: Some(second) }
    }
}

/// The guard of two locks, or of one that was asked for twice.
#[must_use = "the locks are released at once if the guard is dropped"]
pub struct Pair<'a, T, M: Machine> {
    /// `None` if it is the same lock as the first. Goes first when this is dropped: parents come before children, so it is
    /// mostly the one taken last, and to the checker that is a step back.
    second: Option<Guard<'a, T, M>>,
    first: Guard<'a, T, M>,
}

impl<T, M: Machine> Pair<'_, T, M> {
    /// Whether both locks are the same one.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.second.is_none()
    }

    /// What the first argument of [`lock_pair`] protects.
    pub fn first(&mut self) -> &mut T {
        &mut self.first
    }

    /// What the second argument of [`lock_pair`] protects: the first one's data if they are the same.
    pub fn second(&mut self) -> &mut T {
        match &mut self.second {
            Some(second) => second,
            None => &mut self.first,
        }
    }

    /// Both at once, first and second; `None` if they are the same.
    pub fn both(&mut self) -> Option<(&mut T, &mut T)> {
        match &mut self.second {
            Some(second) => Some((&mut self.first, second)),
            None => None,
        }
    }
}
