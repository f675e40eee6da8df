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
        return Pair { later: None, earlier: a.lock(), is_turned: false };
    }
    let is_turned = (a.key(), ptr::from_ref(a)) > (b.key(), ptr::from_ref(b));
    let (earlier, later) = if is_turned { (b, a) } else { (a, b) };
    let earlier = earlier.lock();
    Pair { later: Some(later.lock_second()), earlier, is_turned }
}

/// The guard of two locks, or of one that was asked for twice.
#[must_use = "the locks are released at once if the guard is dropped"]
pub struct Pair<'a, T, M: Machine> {
    /// The one taken last goes first when this is dropped: to the checker that is two steps back. `None` if it is the same
    /// lock as the other.
    later: Option<Guard<'a, T, M>>,
    earlier: Guard<'a, T, M>,
    /// Whether the first argument of [`lock_pair`] is the one taken last.
    is_turned: bool,
}

impl<T, M: Machine> Pair<'_, T, M> {
    /// Whether both locks are the same one.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.later.is_none()
    }

    /// What the first argument of [`lock_pair`] protects.
    pub fn first(&mut self) -> &mut T {
        match &mut self.later {
            Some(later) if self.is_turned => later,
            _ => &mut self.earlier,
        }
    }

    /// What the second argument of [`lock_pair`] protects: the first one's data if they are the same.
    pub fn second(&mut self) -> &mut T {
        match &mut self.later {
            Some(later) if !self.is_turned => later,
            _ => &mut self.earlier,
        }
    }

    /// Both at once, first and second; `None` if they are the same.
    pub fn both(&mut self) -> Option<(&mut T, &mut T)> {
        let (earlier, later) = (&mut *self.earlier, &mut **self.later.as_mut()?);
        Some(if self.is_turned { (later, earlier) } else { (earlier, later) })
    }
}
