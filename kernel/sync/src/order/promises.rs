//! What code states about the locks it holds: checked on the spot, or when a lock is released.

use super::kind::Kind;
use super::report::Report;
use super::{Class, Site};
use crate::Machine;

/// The code at `site` relies on this CPU holding the lock.
pub(crate) fn assert_held<M: Machine>(class: &Class, site: Site) {
    if !class.is_held() || M::checker().now(M::cpu()).find(class.address()).is_none() {
        Report::new::<M>(Kind::AssertHeld).inner(class.lock()).site(site).print::<M>();
    }
}

/// The code at `site` relies on this CPU not holding the lock.
pub(crate) fn assert_not_held<M: Machine>(class: &Class, site: Site) {
    if let Some(held) = M::checker().now(M::cpu()).find(class.address()) {
        Report::new::<M>(Kind::AssertNotHeld).outer(held).inner(class.lock()).site(site).print::<M>();
    }
}

/// From here to `unpin`, the lock is not to be released.
pub(crate) fn pin<M: Machine>(class: &Class, site: Site) {
    assert_held::<M>(class, site);
    class.pin(Some(site));
}

/// The lock may be released again.
pub(crate) fn unpin(class: &Class) {
    class.pin(None);
}
