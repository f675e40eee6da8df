//! CPUs that have halted, and when they are woken.
//!
//! The thread of a halted CPU waits for a condition variable of QEMU's. Whoever interrupts that CPU, another CPU or the main
//! loop, signals the variable, and then it is up to the host when the thread goes on. So that this does not matter, we stand
//! in for the C library here: we see the signal when it is given, and hold all CPUs until the woken one has come to a
//! block, or has gone back to sleep.

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::cpu::{self, MOST};
use crate::{clock, hold, host, turn};

type Wait = unsafe extern "C" fn(*mut c_void, *mut c_void) -> c_int;
type Broadcast = unsafe extern "C" fn(*mut c_void) -> c_int;

host::real!(real_wait: Wait = c"pthread_cond_wait");
host::real!(real_broadcast: Broadcast = c"pthread_cond_broadcast");

/// By CPU: the variable its thread waits for while it has halted; 0 if it does not.
static BEDS: [AtomicUsize; MOST] = [const { AtomicUsize::new(0) }; MOST];

thread_local! {
    /// The CPU of this thread has halted, and has executed nothing since.
    static DOZES: Cell<bool> = const { Cell::new(false) };
}

/// The CPU of the calling thread has halted: what it waits for next is that it be woken.
pub(crate) fn dozes() {
    DOZES.set(true);
}

/// The CPU of the calling thread is about to execute something.
pub(crate) fn is_up() {
    DOZES.set(false);
}

/// Stands in for the C library's.
///
/// # Safety
/// As for the C library's.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pthread_cond_wait(variable: *mut c_void, mutex: *mut c_void) -> c_int {
    if let Some(index) = cpu::me().filter(|_| DOZES.get()) {
        let mut turn = turn::lock();
        BEDS[index].store(variable as usize, Ordering::Relaxed);
        turn.settles(index);
        hold::go_on(turn);
    }
    // SAFETY: the caller's promise.
    unsafe { real_wait()(variable, mutex) }
}

/// Stands in for the C library's.
///
/// # Safety
/// As for the C library's.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pthread_cond_broadcast(variable: *mut c_void) -> c_int {
    for (index, bed) in BEDS.iter().enumerate() {
        if bed.load(Ordering::Relaxed) == variable as usize {
            let mut turn = turn::lock();
            // It may have been woken meanwhile.
            if bed.swap(0, Ordering::Relaxed) != 0 {
                turn.wakes(index, clock::ticks());
            }
        }
    }
    // SAFETY: the caller's promise.
    unsafe { real_broadcast()(variable) }
}
