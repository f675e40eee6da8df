//! Which CPU a thread plays.

use std::cell::Cell;

thread_local! {
    static INDEX: Cell<usize> = const { Cell::new(0) };
}

/// The CPU that this thread plays: 0 until it says otherwise.
pub fn cpu_index() -> usize {
    INDEX.get()
}

/// A number that no other CPU has.
pub fn place() -> usize {
    cpu_index()
}

/// Makes this thread play CPU `index`. No other thread may play it at the same time.
pub fn become_cpu(index: usize) {
    INDEX.set(index);
}

/// As [`become_cpu`]; a thread has its stack already.
pub fn init_cpu(index: usize, _esp0: u32) {
    become_cpu(index);
}
