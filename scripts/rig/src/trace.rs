//! Events of a traced kernel (`sync::event`): a store to one of its bytes is the event with the byte's number.
//!
//! All are written at the end of the window: `window BEGIN END`, then `CPU TIME NUMBER` for each. Those before the window
//! tell in which state it finds each CPU: one may have been waiting for long.

use std::fmt::Write;
use std::fs;
use std::sync::{Mutex, PoisonError};

use crate::{host, settings, window};

/// Events of this many numbers are alike (`sync::event::Event::User`: one for each env).
const ALIKE: u32 = 1024;

struct Event {
    cpu: u32,
    number: u32,
    time: u64,
}

static EVENTS: Mutex<Vec<Event>> = Mutex::new(Vec::new());

/// Sees to it that the events are written when the guest ends before the window.
pub(crate) fn start() {
    if settings::get().trace.is_some() {
        host::at_exit(at_exit);
    }
}

extern "C" fn at_exit() {
    let last = EVENTS.lock().unwrap_or_else(PoisonError::into_inner).last().map_or(0, |event| event.time);
    write(window::opens(), last + 1);
}

/// The number of the event that a store to `address` is, if it is one.
pub(crate) fn number(address: u64) -> Option<u32> {
    let settings = settings::get();
    let offset = address.wrapping_sub(settings.trace_bytes);
    (offset < settings.trace_count).then_some(offset as u32)
}

/// CPU `index` tells of an event at `time`.
pub(crate) fn note(index: usize, number: u32, time: u64) {
    let opening = settings::get().trace_opens;
    if (opening..opening.saturating_add(ALIKE)).contains(&number) {
        window::open(index, time);
    }
    let event = Event { cpu: index as u32, number, time };
    EVENTS.lock().unwrap_or_else(PoisonError::into_inner).push(event);
}

/// Writes what was noted, if that is wanted.
pub(crate) fn write(opens: u64, closes: u64) {
    let Some(file) = &settings::get().trace else { return };
    let mut text = format!("window {opens} {closes}\n");
    for event in EVENTS.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{} {} {}", event.cpu, event.time, event.number);
    }
    if let Err(error) = fs::write(file, text) {
        eprintln!("rig: cannot write {}: {error}", file.display());
    }
}
