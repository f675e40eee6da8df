//! What a lock tells the checker each time it is released.

use super::held::Held;
use super::hooks::tell;
use super::kind::Kind;
use super::report::Report;
use super::{Class, Lock, here};
use crate::{Machine, Step};

/// This CPU is about to release the lock of `class`. Says whether it is to tell when it has ([`let_go`]).
#[inline(always)]
pub(crate) fn released<M: Machine>(class: &Class) -> bool {
    let now = here::<M>();
    let chain = now.get();
    if chain.is_last(class.address()) && class.is_just_held() && !M::interrupts_enabled() {
        class.set_free();
        now.set(chain.outer());
        false
    } else {
        released_unusually::<M>(class);
        M::is_watched()
    }
}

/// The same for a lock that is not the last one taken, that is pinned or watched, or with something wrong.
#[cold]
#[inline(never)]
fn released_unusually<M: Machine>(class: &Class) {
    let lock = class.lock();
    tell::<M>(Step::Free, lock.rank);
    if !class.is_held()
        || M::checker().now(M::cpu()).find(class.address()).is_none()
            && M::checker().holder_of(class.address()).is_some()
    {
        return released_wrongly::<M>(class, lock);
    }
    if let Some(pinned) = class.pinned() {
        Report::new::<M>(Kind::PinLost).outer(Held { lock, site: pinned }).inner(lock).print::<M>();
    }
    if M::interrupts_enabled() {
        Report::new::<M>(Kind::Interrupts).inner(lock).print::<M>();
    }
    class.set_free();
    if M::is_watched() {
        class.watch();
    }
    M::checker().remove::<M>(class.address());
}

/// This CPU has released the lock of `class`, and somebody wants to know.
#[cold]
pub(crate) fn let_go<M: Machine>(class: &Class) {
    M::step(Step::Freed, class.rank());
}

/// The lock of `class` was held for `ticks`, which is 0 where nobody counts.
#[inline]
pub(crate) fn held_for<M: Machine>(class: &Class, ticks: u32) {
    if ticks != 0 && M::micros(u64::from(ticks)) > u64::from(class.rank().budget_ms()) * 1000 {
        Report::new::<M>(Kind::HeldLong).inner(class.lock()).print::<M>();
    }
}

#[cold]
#[inline(never)]
fn released_wrongly<M: Machine>(class: &Class, lock: Lock) {
    match M::checker().holder_of(lock.address) {
        Some((cpu, held)) if cpu != M::cpu() => {
            let report = Report::new::<M>(Kind::OtherCpu).outer(held).outer_cpu(cpu);
            report.inner(lock).print::<M>();
        }
        // Held here, though the lock says nobody does: it was made anew meanwhile.
        Some((_, held)) => Report::new::<M>(Kind::TwoHolders).outer(held).inner(lock).print::<M>(),
        None => Report::new::<M>(Kind::DoubleRelease).inner(lock).print::<M>(),
    }
    forget::<M>(class);
}

/// Whoever holds the lock will not release it.
pub(crate) fn forget<M: Machine>(class: &Class) {
    class.set_free();
    match M::checker().holder_of(class.address()) {
        Some((cpu, _)) if cpu == M::cpu() => M::checker().remove::<M>(class.address()),
        Some((cpu, _)) => M::checker().now(cpu).cross_out(class.address()),
        None => {}
    }
}
