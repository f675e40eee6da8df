//! Env slots: which are free.

use core::sync::atomic::{AtomicU8, Ordering};

use abi::NENV;

use super::report::Report;
use crate::env::table;

/// How often each slot is in the pool of free ones.
static FREE: [AtomicU8; NENV] = [const { AtomicU8::new(0) }; NENV];

/// Counts the free slots.
pub(super) fn count(report: &mut Report) {
    FREE.iter().for_each(|times| times.store(0, Ordering::Relaxed));
    let complete = table::for_each_free(|slot| match FREE.get(slot) {
        Some(times) => times.store(times.load(Ordering::Relaxed).saturating_add(1), Ordering::Relaxed),
        None => report.fault(
            "slot-number",
            format_args!("slot={slot}"),
            format_args!("slot {slot}, which is none, is free"),
        ),
    });
    if !complete {
        report.fault("lock-taken", format_args!("lock=slots"), format_args!("a lock of the free env slots is taken"));
    }
}

/// How often `slot` is in the pool.
pub(super) fn times_free(slot: usize) -> u8 {
    FREE[slot].load(Ordering::Relaxed)
}
