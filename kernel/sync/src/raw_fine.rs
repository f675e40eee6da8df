//! What is inside a `SpinLock` in the fine build: a real lock.

use crate::Machine;
use crate::atomic::spin_loop;
use crate::order;
use crate::raw::Raw;
use core::marker::PhantomData;
use spin::RelaxStrategy;

/// The real lock of a `SpinLock`.
pub(crate) type Inside<M> = Raw<Watched<M>>;

/// Waiting for a lock while the checker looks at the clock.
pub(crate) struct Watched<M>(PhantomData<fn() -> M>);

impl<M: Machine> RelaxStrategy for Watched<M> {
    fn relax() {
        spin_loop();
        order::waiting::<M>();
    }
}
