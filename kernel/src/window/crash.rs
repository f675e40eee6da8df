//! Mistakes on demand: what the reports of panics and of the watch-dog are tested with.
//!
//! `crash=panic:EVENT` makes each CPU panic that passes the event while marked rules hold, with whatever it holds there;
//! `crash=loop:EVENT` makes it take locks for ever; `crash=deaf:EVENT` makes wake-ups get lost from then on; `crash=blind:EVENT`
//! makes the end of all work be overlooked; `crash=hang:EVENT` makes a CPU stand still with what it holds; `crash=disorder:EVENT`
//! makes it take a lock, once, that must not be taken inside others; `crash=overflow:EVENT` makes its stack overflow.

use core::hint::black_box;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use abi::NENV;
use spin::Once;

use super::event::{Event, Place};
use crate::config::NCPU;
use crate::env::table;
use crate::x86::instr;
use crate::{boot, println, watchdog};

enum Mistake {
    Panic,
    Loop,
    Deaf,
    Blind,
    Hang,
    Disorder,
    Overflow,
}

static PLAN: Once<(Mistake, Event)> = Once::new();
/// How often its event has come.
static PASSED: AtomicU32 = AtomicU32::new(0);
/// Which CPUs have panicked: what they do then passes the same points.
static PANICKED: [AtomicBool; NCPU] = [const { AtomicBool::new(false) }; NCPU];
/// Whether the mistake that is made once has been made.
static MADE: Once = Once::new();

/// Reads the command line. Says whether there is one to be made.
pub(super) fn init() -> bool {
    for word in boot::values("crash=") {
        match parse(word) {
            Some(plan) => _ = PLAN.call_once(|| plan),
            None => println!("crash={word}: panic, loop, deaf, blind, hang, disorder or overflow, and a point"),
        }
    }
    PLAN.get().is_some()
}

fn parse(word: &str) -> Option<(Mistake, Event)> {
    let (what, event) = word.split_once(':')?;
    let mistake = match what {
        "panic" => Mistake::Panic,
        "loop" => Mistake::Loop,
        "deaf" => Mistake::Deaf,
        "blind" => Mistake::Blind,
        "hang" => Mistake::Hang,
        "disorder" => Mistake::Disorder,
        "overflow" => Mistake::Overflow,
        _ => return None,
    };
    Some((mistake, Event::parse(event)?))
}

/// Makes the mistake if this is its place.
pub(super) fn at(place: Place, cpu: usize, slot: Option<usize>) {
    let is_due = |event: &Event| event.fits(place, cpu, slot) && PASSED.fetch_add(1, Ordering::Relaxed) >= event.skip;
    let Some((mistake, _)) = PLAN.get().filter(|(_, event)| is_due(event)) else { return };
    match mistake {
        Mistake::Panic if PANICKED[cpu].swap(true, Ordering::Relaxed) => {}
        Mistake::Panic => panic!("told to panic at {place:?}"),
        Mistake::Loop => loop {
            table::available();
        },
        Mistake::Deaf => watchdog::make_deaf(),
        Mistake::Blind => watchdog::make_blind(),
        Mistake::Hang => loop {
            instr::pause();
        },
        // Nobody has this slot, so nobody waits for it.
        Mistake::Disorder => _ = MADE.call_once(|| drop(table::env(NENV - 1).life.lock())),
        Mistake::Overflow => _ = deeper(0),
    }
}

/// Calls itself until the stack has come to its end.
#[inline(never)]
fn deeper(depth: u32) -> u32 {
    if black_box(depth) == u32::MAX { depth } else { black_box(deeper(depth + 1)) }
}
