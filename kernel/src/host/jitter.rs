//! Threads that give way at any moment, as CPUs are faster or slower at any moment; and what another CPU does at one moment.
//!
//! Two threads of one test mostly run side by side at one speed, and each window of a few instructions stays shut. So a
//! thread that plays a further CPU lets others go first now and then, where it takes or releases a lock, if its test asks
//! for that ([`set`]).
//!
//! What matters is between two sections: there is nobody who could keep others out. [`at_moment`] puts there whatever a test
//! wants, at one such moment after the other, and no chance is in it.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use sync::order;

use super::gdt::{become_cpu, cpu_index};
use crate::cpu::This;

/// One in how many times.
const SELDOM: u32 = 8;

static ON: AtomicBool = AtomicBool::new(false);

type Work = Box<dyn FnOnce()>;

thread_local! {
    static STATE: Cell<u32> = const { Cell::new(0) };
    static MOMENT: Cell<Option<(u32, Work)>> = const { Cell::new(None) };
}

/// Does `work` in the place of CPU 1 when this CPU lets go of its locks, of all of them, for the `nth` time from now on (from 0).
pub fn at_moment(nth: u32, work: impl FnOnce() + 'static) {
    let as_another = move || {
        let me = cpu_index();
        become_cpu(1);
        work();
        become_cpu(me);
    };
    MOMENT.set(Some((nth, Box::new(as_another))));
}

/// Forgets that, and says whether the moment has come.
pub fn has_come() -> bool {
    MOMENT.take().is_none()
}

/// This CPU has released a lock.
pub fn released() {
    let mut holds = false;
    order::for_each_held::<This>(|cpu, _, _, _| holds |= cpu == cpu_index());
    if holds {
        return;
    }
    match MOMENT.take() {
        Some((0, work)) => work(),
        Some((left, work)) => MOMENT.set(Some((left - 1, work))),
        None => {}
    }
}

/// Lets threads give way from now on, or no longer.
pub fn set(on: bool) {
    ON.store(on, Ordering::SeqCst);
}

/// A place where a thread may give way. CPU 0 does not: it plays what has one right order.
pub(super) fn point() {
    let cpu = cpu_index();
    if cpu == 0 || !ON.load(Ordering::Relaxed) {
        return;
    }
    // Marsaglia's xorshift, with a beginning of its own for each CPU.
    let mut state = if STATE.get() == 0 { 0x9e37_79b9_u32.wrapping_mul(cpu as u32) } else { STATE.get() };
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    STATE.set(state);
    if state.is_multiple_of(SELDOM) {
        thread::yield_now();
    }
}
