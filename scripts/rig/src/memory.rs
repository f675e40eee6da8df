//! Each access to memory: what it changes, and for whom.

use std::sync::atomic::Ordering;

use crate::api::{self, Target};
use crate::cpu::{self, Cpu};
use crate::lines::{self, Line};
use crate::settings;
use crate::translate::Place;
use crate::{footprint, spin, trace, turn, window};

/// The local APIC's register for the end of an interrupt, by its place in its page.
const LAPIC_EOI: u64 = 0xb0;

/// A line that has changed hands counts as shared for so many ticks.
const SHARED_FOR: u64 = 20_000;

/// With the model of caches, what an atomic instruction and a `pause` cost, as parts of moving a line.
const ATOMIC_PART: u64 = 5;
const PAUSE_PARTS: (u64, u64) = (2, 5);

/// With the model of caches, what a `pause` costs.
pub(crate) fn pause_cost() -> u64 {
    settings::get().model * PAUSE_PARTS.0 / PAUSE_PARTS.1
}

/// CPU `index` has accessed memory at virtual `address`; `kind` is QEMU's word for how.
pub(crate) fn accessed(index: usize, kind: u32, address: u64, place: Place) {
    let cpu = cpu::get(index);
    let store = place.atomic || api::is_store(kind);
    if store && let Some(number) = trace::number(address) {
        return trace::note(index, number, cpu.now.get() - place.left);
    }
    match api::target(kind, address) {
        Target::Memory(physical) => {
            if let Some(number) = lines::number(physical) {
                line_accessed(index, cpu, number, store, place);
            }
        }
        Target::Device if store && address & 0xfff == LAPIC_EOI => footprint::interrupted(index),
        Target::Device if store => {}
        Target::Device => cpu.waiting.polls(),
        Target::Unknown => {}
    }
}

fn line_accessed(index: usize, cpu: &Cpu, number: u32, store: bool, place: Place) {
    if place.kernel && settings::get().footprints {
        footprint::touched(index, number, store, place.address, cpu.stack.innermost());
    }
    let line = lines::get(number);
    let mut now = cpu.now.get() - place.left;
    if settings::get().model > 0 {
        let cost =
            moving_cost(line, index, store, now) + if place.atomic { settings::get().model / ATOMIC_PART } else { 0 };
        cpu.skip(cost);
        now += cost;
    }
    let spinning = cpu.waiting.is_spinning(now);
    let me = index as u32 + 1;
    if line.user.load(Ordering::Relaxed) != me {
        line.user.store(me, Ordering::Relaxed);
        line.changed_hands_at.set(now);
    }
    let writer = line.writer.load(Ordering::Relaxed);
    let late = line.written_at.get().saturating_sub(now);
    if late > 0 && writer != 0 && writer != me {
        // What was read is of a time that has not come here yet.
        cpu.skip(late);
        now += late;
        if spinning {
            cpu.account.spin.add(late);
            cpu.waiting.add_to_site(late);
            cpu.waiting.shift(late);
        } else {
            let account = if place.kernel { &cpu.account.kernel } else { &cpu.account.user };
            account.add(late);
        }
    }
    // An atomic instruction in a loop that waits has most likely failed, and changed nothing.
    let failed = place.atomic && spinning && cpu.waiting.looked_before(number);
    if spinning && (!store || place.atomic) {
        cpu.waiting.looked(number, line);
    }
    if store {
        note_sharing(cpu, line, place, now);
    }
    if store && !failed {
        line.sequence.fetch_add(1, Ordering::Relaxed);
        line.written_at.set(now);
        line.writer.store(me, Ordering::Relaxed);
        if !line.watchers.is_empty() {
            spin::written(line, now);
        }
    }
}

/// Remembers for the instruction whether its line is one that others use, too.
fn note_sharing(cpu: &Cpu, line: &Line, place: Place, now: u64) {
    let changed = line.changed_hands_at.get();
    let shared = changed != 0 && changed + SHARED_FOR > now;
    if shared && window::is_open(now) && cpu.others.get() < now && cpu.habits.is_shared(place.address) != Some(true) {
        turn::note_disorder();
    }
    cpu.habits.note(place.address, shared);
}

/// The model: a CPU that does not have the line gets it from another, one after the other; to write it a CPU has to
/// have it alone. Caches are as large as memory.
fn moving_cost(line: &Line, index: usize, store: bool, now: u64) -> u64 {
    let sharers = &line.sharers;
    let have = sharers.has(index);
    let is_first = sharers.is_empty();
    if have && (!store || sharers.len() == 1) {
        return 0;
    }
    if store {
        sharers.clear();
    }
    sharers.add(index);
    if is_first {
        return 0;
    }
    let ends = line.busy_until.get().max(now) + settings::get().model;
    line.busy_until.set(ends);
    ends - now
}
