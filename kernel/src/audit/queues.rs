//! Run queues: which env is in which.

use core::sync::atomic::{AtomicU32, Ordering};

use abi::NENV;

use super::report::Report;
use crate::{sched, smp};

/// Of each slot: how often it is queued, in the low byte; the CPU in whose queue it was found last, shifted by 8; whether as
/// a patient one, in bit 31.
static QUEUED: [AtomicU32; NENV] = [const { AtomicU32::new(0) }; NENV];
const PATIENT: u32 = 1 << 31;

/// Where a slot is queued.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) times: u32,
    pub(super) cpu: usize,
    pub(super) patient: bool,
}

/// Goes through all queues, and checks the books of each.
pub(super) fn count(report: &mut Report) {
    QUEUED.iter().for_each(|word| word.store(0, Ordering::Relaxed));
    for cpu in 0..smp::count() {
        let (queue, hints) = sched::books(cpu);
        let Some(queue) = queue.try_lock() else {
            report.fault(
                "lock-taken",
                format_args!("lock=run-queue#{cpu}"),
                format_args!("run queue #{cpu} is locked"),
            );
            continue;
        };
        let mut found = [0; 2];
        queue.for_each(|slot, patient| {
            found[usize::from(patient)] += 1;
            let times = (QUEUED[slot].load(Ordering::Relaxed) & 0xff) + 1;
            let patient = if patient { PATIENT } else { 0 };
            QUEUED[slot].store(patient | (cpu as u32) << 8 | times.min(0xff), Ordering::Relaxed);
        });
        let (noted, is_sound) = ([queue.ready() as u32, queue.patient() as u32], queue.is_sound());
        drop(queue);
        if (noted, hints, is_sound) != (found, found, true) {
            report.fault(
                "queue-books",
                format_args!("cpu={cpu} ready={} patient={} counted={},{} hints={},{}", found[0], found[1], noted[0], noted[1], hints[0], hints[1]),
                format_args!(
                    "the run queue of CPU {cpu} holds {found:?} envs (ready, patient), its counts say {noted:?}, its hints {hints:?}"
                ),
            );
        }
    }
}

/// Where `slot` is queued.
pub(super) fn place(slot: usize) -> Place {
    let word = QUEUED[slot].load(Ordering::Relaxed);
    Place { times: word & 0xff, cpu: (word & !PATIENT) as usize >> 8, patient: word & PATIENT != 0 }
}
