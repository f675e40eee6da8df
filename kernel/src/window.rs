//! Windows: a test holds a CPU where a race has its window until another CPU has done its part.
//!
//! A kernel without a test for a race that needs two CPUs within ten instructions of each other has no test for it at all.
//! Here such a race happens every time. A *rule* `A:B` says: a CPU that passes point A waits, for a few seconds at most,
//! until another one has passed B. `A:B/C` waits for B or C, and `A>B` for a B
//! that comes after A was reached, whatever came before; `*N` behind a rule makes it hold N times, the n-th A waiting for
//! the n-th B. A point is one of [`Point`], or a step of any lock; `@SLOT`, `#CPU` or `@none` (a CPU without an env) says whose, `+K` that the first
//! K do not count. A rule that begins with `%` holds only while a program says so, by the number [`OPEN`] in place of
//! a system call's, and until [`SHUT`]:
//!
//! ```text
//! window=looked-up@0:wait-env-vm@1/forgotten@1      window=embryo:halting#1*3
//! ```
//!
//! At the end the kernel says what became of each rule: how often B came while A waited (`met`, and `by` which), how often it
//! was there already (`early`), how often it did not come (`timeout`). Only `met` shows that the window was open.
//!
//! `delays=SEED` makes every CPU dawdle at every point by chance: which delay comes at the how-manieth point of a CPU follows
//! from the seed.
//!
//! A CPU may wait with locks held and interrupts off, as it would with a slow processor: it is in the kernel, so no protocol
//! waits for its answer, and an NMI still stops it. Only in debug builds: `window_off.rs` has the same names.

mod crash;
mod delay;
mod event;
mod rule;

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use abi::syscall::{OPEN, SHUT};
use spin::Once;
use sync::{Rank, Step, order};

use crate::cpu::This;
use crate::point::Point;
use crate::{boot, console, cpu, println, watchdog};
use event::Place;
use rule::Rule;

/// The most rules since boot.
const RULES: usize = 64;

static TABLE: [Once<Rule>; RULES] = [const { Once::new() }; RULES];
/// Those in force: the first, and the one behind the last.
static FIRST: AtomicUsize = AtomicUsize::new(0);
static COUNT: AtomicUsize = AtomicUsize::new(0);
/// Whether a program has said that marked rules hold.
static MARKED: AtomicBool = AtomicBool::new(false);
/// Whether there is anything to do at a point.
static ACTIVE: AtomicBool = AtomicBool::new(false);

/// Arms what the command line says.
pub fn init() {
    for word in boot::values("window=") {
        for rule in word.split(',') {
            if let Err(why) = arm(rule) {
                println!("window={rule}: {why}");
            }
        }
    }
    // Both, whichever comes first.
    if crash::init() | watchdog::init() {
        activate();
    }
    for word in boot::values("delays=") {
        match word.parse() {
            Ok(seed) => {
                delay::start(seed);
                activate();
            }
            Err(_) => println!("delays={word}: not a number"),
        }
    }
}

/// Arms a rule.
///
/// # Errors
/// When it is none, or there are too many.
pub fn arm(rule: &str) -> Result<(), &'static str> {
    let rule = Rule::parse(rule)?;
    let place = TABLE.get(COUNT.load(Ordering::Relaxed)).ok_or("too many rules")?;
    place.call_once(|| rule);
    COUNT.fetch_add(1, Ordering::Relaxed);
    activate();
    Ok(())
}

fn activate() {
    ACTIVE.store(true, Ordering::Relaxed);
    order::watch::<This>();
}

/// Whether there is anything to do at a point.
#[inline]
pub fn is_active() -> bool {
    ACTIVE.load(Ordering::Relaxed)
}

/// The number of a system call: perhaps the word that marked rules wait for.
#[inline]
pub fn mark(word: u32) {
    if word == OPEN || word == SHUT {
        MARKED.store(word == OPEN, Ordering::Relaxed);
    }
}

/// This CPU passes a point, on behalf of the env it runs.
#[inline]
pub fn at(point: Point) {
    if is_active() {
        pass(Place::Point(point), cpu::env_of(cpu::index()));
    }
}

/// This CPU passes a point in what it does to the env in `slot`.
#[inline]
pub fn at_for(point: Point, slot: usize) {
    if is_active() {
        pass(Place::Point(point), Some(slot));
    }
}

/// This CPU takes a step with a lock. To be called only while there is anything to do.
pub fn lock(step: Step, rank: Rank) {
    pass(Place::Lock(step, rank), cpu::env_of(cpu::index()));
}

/// Tells of each step from now on, until [`rest`]; and lets all CPUs but the boot CPU dawdle, if there is a `seed`.
#[cfg(test)]
pub(crate) fn watch(seed: u32) {
    delay::start(seed);
    activate();
}

/// Looks away, for the next test. Only with nothing held.
#[cfg(test)]
pub(crate) fn rest() {
    delay::start(0);
    ACTIVE.store(false, Ordering::Relaxed);
}

/// Makes an end of all rules, for the next test.
#[cfg(test)]
pub(crate) fn disarm() {
    MARKED.store(false, Ordering::Relaxed);
    FIRST.store(COUNT.load(Ordering::Relaxed), Ordering::Relaxed);
}

/// Says what has become of the rules. Takes no lock, so that a panic can say it too.
pub fn report() {
    for rule in rules() {
        console::emergency(format_args!("WINDOW {rule}\n"));
    }
    delay::report();
}

fn rules() -> impl Iterator<Item = &'static Rule> {
    let (first, count) = (FIRST.load(Ordering::Relaxed), COUNT.load(Ordering::Relaxed));
    TABLE[first..count].iter().filter_map(Once::get)
}

#[cold]
fn pass(place: Place, slot: Option<usize>) {
    #[cfg(test)]
    crate::x86::jitter::passed(matches!(place, Place::Lock(Step::Wait, _)));
    let cpu = cpu::index();
    let marked = MARKED.load(Ordering::Relaxed);
    let in_force = || rules().enumerate().filter(|(_, rule)| marked || !rule.marked);
    // What this CPU is to wait for is settled before others go on because of it: what they do then comes while it waits.
    let mut waits = [None; RULES];
    for (i, rule) in in_force().filter(|(_, rule)| rule.at.fits(place, cpu, slot)) {
        waits[i] = rule.arrive();
    }
    in_force().for_each(|(_, rule)| rule.note(place, cpu, slot));
    for (rule, least) in rules().zip(waits) {
        least.into_iter().for_each(|least| rule.wait(least));
    }
    if let Place::Lock(Step::Spin, _) = place {
        // How often depends on others: no seed can say what comes at the next point, and it is no step that a CPU makes.
        return;
    }
    delay::at(place.number(), cpu);
    match place {
        Place::Lock(_, Rank::Console) => {}
        Place::Lock(..) => watchdog::at_lock(cpu),
        Place::Point(Point::Entering | Point::Trapped | Point::Halting) => watchdog::moves_on(cpu),
        Place::Point(_) => {}
    }
    if marked {
        crash::at(place, cpu, slot);
    }
}

#[cfg(test)]
pub(crate) mod tests;
