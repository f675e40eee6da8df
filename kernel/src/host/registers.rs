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
    /// How many interrupts were sent that can't be masked.
    pub nmis: AtomicU32,
    /// Whether the timer is on.
    pub timer: AtomicBool,
    /// How often it was switched on.
    pub timer_starts: AtomicU32,
    /// Which interrupts the local APIC has brought that are not ended yet: bit v of word w for vector 32w + v.
    pub in_service: [AtomicU32; 8],
}

static REGISTERS: [Registers; NCPU] = [const {
    Registers {
        cr2: AtomicU32::new(0),
        cr3: AtomicU32::new(0),
        flushes: AtomicU32::new(0),
        interrupts: AtomicU32::new(0),
        pending: AtomicBool::new(false),
        nmis: AtomicU32::new(0),
        timer: AtomicBool::new(false),
        timer_starts: AtomicU32::new(0),
        in_service: [const { AtomicU32::new(0) }; 8],
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
    /// Says that the local APIC brings an interrupt with this vector, for a test of how it is ended.
    pub fn bring(&self, vector: u8) {
        self.in_service[usize::from(vector) / 32].fetch_or(1 << (vector % 32), Ordering::Relaxed);
    }

    /// The interrupts that are not ended.
    pub fn not_ended(&self) -> impl DoubleEndedIterator<Item = u8> + '_ {
        (0..=u8::MAX).filter(|vector| {
            self.in_service[usize::from(*vector) / 32].load(Ordering::Relaxed) & 1 << (vector % 32) != 0
        })
    }

    /// Ends the one that goes before the others.
    pub fn end_first(&self) {
        if let Some(vector) = self.not_ended().next_back() {
            self.in_service[usize::from(vector) / 32].fetch_and(!(1 << (vector % 32)), Ordering::Relaxed);
        }
    }

    /// Takes the pending interrupt, if there is one.
    pub fn take_interrupt(&self) -> bool {
        self.pending.swap(false, Ordering::SeqCst)
    }
}
