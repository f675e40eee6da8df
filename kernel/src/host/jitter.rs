//! Threads that give way at any moment, as CPUs are faster or slower at any moment.
//!
//! Two threads of one test mostly run side by side at one speed, and each window of a few instructions stays shut. So a
//! thread that plays a further CPU lets others go first now and then, where it takes or releases a lock, if its test asks
//! for that ([`set`]).

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::gdt::cpu_index;

/// One in how many times.
const SELDOM: u32 = 8;

static ON: AtomicBool = AtomicBool::new(false);

thread_local! {
    static STATE: Cell<u32> = const { Cell::new(0) };
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
