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
        return Pair { inner: None, outer: a.lock(), is_swapped: false };
    }
    let is_swapped = (b.key(), ptr::from_ref(b)) < (a.key(), ptr::from_ref(a));
    let (first, last) = if is_swapped { (b, a) } else { (a, b) };
    let outer = first.lock();
    Pair { inner: Some(last.lock()), outer, is_swapped }
}

/// The guard of two locks, or of one that was asked for twice.
#[must_use = "the locks are released at once if the guard is dropped"]
pub struct Pair<'a, T, M: Machine> {
    /// The one taken last, which goes first when this is dropped. `None` if both are the same lock.
    inner: Option<Guard<'a, T, M>>,
    outer: Guard<'a, T, M>,
    /// Whether the first argument is the inner one.
    is_swapped: bool,
}

impl<T, M: Machine> Pair<'_, T, M> {
    /// Whether both locks are the same one.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.inner.is_none()
    }

    /// What the first argument of [`lock_pair`] protects.
    pub fn first(&mut self) -> &mut T {
        match &mut self.inner {
            Some(inner) if self.is_swapped => inner,
            _ => &mut self.outer,
        }
    }

    /// What the second argument of [`lock_pair`] protects: the first one's data if they are the same.
    pub fn second(&mut self) -> &mut T {
        match &mut self.inner {
            Some(inner) if !self.is_swapped => inner,
            _ => &mut self.outer,
        }
    }

    /// Both at once, first and second; `None` if they are the same.
    pub fn both(&mut self) -> Option<(&mut T, &mut T)> {
        let inner = &mut **self.inner.as_mut()?;
        let outer = &mut *self.outer;
        Some(if self.is_swapped { (inner, outer) } else { (outer, inner) })
    }
}
