//! Threads that give way at any moment, as CPUs are faster or slower at any moment; or at one moment.
//!
//! Two threads of one test mostly run side by side at one speed, and each window of a few instructions stays shut. So a
//! thread that plays a further CPU lets others go first now and then, where it takes or releases a lock, if its test asks
//! for that ([`set`]).
//!
//! With [`let_go_first`] there is no chance in it: a CPU lets another one do something at one point, which a test tries one after
//! the other.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use super::gdt::cpu_index;

/// One in how many times.
const SELDOM: u32 = 8;

static ON: AtomicBool = AtomicBool::new(false);

/// Whose turn it is: of the CPU that lets another one go first, of that one, or of both.
static TURN: AtomicU32 = AtomicU32::new(OVER);
const MINE: u32 = 0;
const OTHERS: u32 = 1;
const OVER: u32 = 2;

thread_local! {
    static STATE: Cell<u32> = const { Cell::new(0) };
    /// How many points this CPU passes before it lets the other one go first.
    static LEFT: Cell<Option<u32>> = const { Cell::new(None) };
}

/// From now on this CPU lets another one go first at the `nth` point that it passes (from 0): until that one is through with what
/// it is about, or has to wait.
pub fn let_go_first(nth: u32) {
    TURN.store(MINE, Ordering::SeqCst);
    LEFT.set(Some(nth));
}

/// Whether that has come about. If not, it will not any more.
pub fn went_first() -> bool {
    let went = LEFT.take().is_none();
    TURN.store(OVER, Ordering::SeqCst);
    went
}

/// Waits until this CPU is the one to go first; says whether it is.
pub fn await_turn() -> bool {
    while TURN.load(Ordering::SeqCst) == MINE {
        thread::yield_now();
    }
    TURN.load(Ordering::SeqCst) == OTHERS
}

/// This CPU, which went first, is through, or has to wait.
pub fn give_back() {
    // Both go on from here if it is so for the first time.
    _ = TURN.compare_exchange(OTHERS, OVER, Ordering::SeqCst, Ordering::SeqCst);
}

/// This CPU passes a point; it has to wait there if it `waits`.
pub fn passed(waits: bool) {
    match LEFT.take() {
        Some(0) => {
            TURN.store(OTHERS, Ordering::SeqCst);
            while TURN.load(Ordering::SeqCst) == OTHERS {
                thread::yield_now();
            }
        }
        Some(left) => LEFT.set(Some(left - 1)),
        // The one that lets the other go first waits for that alone meanwhile.
        None if waits => give_back(),
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
