//! The registers of each CPU that the kernel asks for, and its pending interrupts.

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::gdt;
use crate::config::NCPU;

/// One CPU's registers.
#[derive(Debug)]
pub struct Registers {
    /// The address of the last page fault.
    pub cr2: AtomicU32,
    /// Physical address of the page directory in use.
    pub cr3: AtomicU32,
    /// How often translations were dropped: by `invlpg`, or by loading CR3.
    pub flushes: AtomicU32,
    /// How many interrupts were sent to this CPU.
    pub interrupts: AtomicU32,
    /// Whether one of them has not been taken yet.
    pub pending: AtomicBool,
    /// Whether the timer is on.
    pub timer: AtomicBool,
}

static REGISTERS: [Registers; NCPU] = [const {
    Registers {
        cr2: AtomicU32::new(0),
        cr3: AtomicU32::new(0),
        flushes: AtomicU32::new(0),
        interrupts: AtomicU32::new(0),
        pending: AtomicBool::new(false),
        timer: AtomicBool::new(false),
    }
}; NCPU];

/// The registers of CPU `index`.
pub fn of(index: usize) -> &'static Registers {
    &REGISTERS[index]
}

/// The registers of the CPU that this thread plays.
pub fn mine() -> &'static Registers {
    of(gdt::cpu_index())
}

impl Registers {
    /// Takes the pending interrupt, if there is one.
    pub fn take_interrupt(&self) -> bool {
        self.pending.swap(false, Ordering::SeqCst)
    }
}
