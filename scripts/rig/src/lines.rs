//! The guest's memory, cut into lines of 64 bytes: who wrote last and when, and who waits for a write.

use std::alloc::{Layout, alloc_zeroed, handle_alloc_error};
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::cpu::{MOST, Number};

/// Bytes in a line, as a power of two.
const SHIFT: u32 = 6;

/// One bit a CPU. All zero at first, as everything here.
#[derive(Debug)]
pub(crate) struct Set([AtomicU64; MOST / 64]);

impl Set {
    pub(crate) fn add(&self, cpu: usize) {
        self.0[cpu / 64].fetch_or(1 << (cpu % 64), Ordering::Relaxed);
    }

    pub(crate) fn remove(&self, cpu: usize) {
        self.0[cpu / 64].fetch_and(!(1 << (cpu % 64)), Ordering::Relaxed);
    }

    pub(crate) fn has(&self, cpu: usize) -> bool {
        self.0[cpu / 64].load(Ordering::Relaxed) & 1 << (cpu % 64) != 0
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| word.load(Ordering::Relaxed) == 0)
    }

    /// Empties the set.
    pub(crate) fn clear(&self) {
        self.0.iter().for_each(|word| word.store(0, Ordering::Relaxed));
    }

    pub(crate) fn len(&self) -> u32 {
        self.0.iter().map(|word| word.load(Ordering::Relaxed).count_ones()).sum()
    }

    /// The members, lowest first.
    pub(crate) fn members(&self) -> Vec<usize> {
        (0..MOST).filter(|&cpu| self.has(cpu)).collect()
    }
}

/// What is known of one line.
#[derive(Debug)]
pub(crate) struct Line {
    /// When it was last written.
    pub(crate) written_at: Number,
    /// Who wrote: the CPU's number plus one, 0 for nobody.
    pub(crate) writer: AtomicU32,
    /// Who used it last, in the same way.
    pub(crate) user: AtomicU32,
    /// When that was another CPU than the time before.
    pub(crate) changed_hands_at: Number,
    /// Changes with each write that can end somebody's wait.
    pub(crate) sequence: AtomicU32,
    /// CPUs that are parked until it is written.
    pub(crate) watchers: Set,
    /// With the model of caches: CPUs that have it.
    pub(crate) sharers: Set,
    /// With the model of caches: until when it is under way.
    pub(crate) busy_until: Number,
}

static LINES: OnceLock<&'static [Line]> = OnceLock::new();

/// Makes the table for `megabytes` of memory. The host gives it memory only where it is used.
pub(crate) fn allocate(megabytes: usize) {
    LINES.get_or_init(|| {
        let count = (megabytes << 20) >> SHIFT;
        let layout = Layout::array::<Line>(count).expect("fits into an address space of 64 bits");
        // SAFETY: the layout's size is not 0.
        let place = unsafe { alloc_zeroed(layout) };
        if place.is_null() {
            handle_alloc_error(layout);
        }
        // SAFETY: `count` lines, which may consist of zeros, and which nobody ever frees.
        unsafe { &*ptr::slice_from_raw_parts(place.cast::<Line>(), count) }
    });
}

/// The number of the line at a physical address, if it is in the guest's memory.
pub(crate) fn number(address: u64) -> Option<u32> {
    let number = address >> SHIFT;
    LINES.get().filter(|lines| number < lines.len() as u64).map(|_| number as u32)
}

/// Line `number`.
pub(crate) fn get(number: u32) -> &'static Line {
    let lines = LINES.get().expect("the table is made before the guest starts");
    &lines[number as usize]
}
