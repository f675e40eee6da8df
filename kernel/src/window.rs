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

use core::fmt;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

use abi::syscall::{OPEN, SHUT};
use spin::Once;
use sync::{Rank, Step, order};

use crate::cpu::This;
use crate::point::Point;
use crate::x86::instr;
use crate::{boot, console, cpu, println, watchdog};
use event::{Event, Place};

/// The longest wait, in milliseconds: for a host that is busy with other things. The lock checker's patience is longer.
const LIMIT_MS: u32 = 5_000;

/// The most rules since boot, and alternatives in a rule.
const RULES: usize = 64;
const ALTERNATIVES: usize = 4;

/// One rule, and what has become of it.
struct Rule {
    /// Whether it waits for a program's word.
    marked: bool,
    at: Event,
    until: [Option<Event>; ALTERNATIVES],
    /// Whether only what comes after `at` counts.
    fresh: bool,
    times: u32,
    /// How often `at` was passed, and each of `until`.
    reached: AtomicU32,
    came: [AtomicU32; ALTERNATIVES],
    /// How often each of `until` ended a wait.
    met: [AtomicU32; ALTERNATIVES],
    early: AtomicU32,
    timeouts: AtomicU32,
}

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
    let (rule, times) = match rule.split_once('*') {
        Some((rule, times)) => (rule, times.parse().map_err(|_| "how often?")?),
        None => (rule, 1),
    };
    let (marked, rule) = rule.strip_prefix('%').map_or((false, rule), |rule| (true, rule));
    let fresh = rule.contains('>');
    let (at, until) = rule.split_once([':', '>']).ok_or("a rule is POINT:POINT")?;
    let at = Event::parse(at).ok_or("the first point is unknown")?;
    let mut events = [None; ALTERNATIVES];
    for (i, text) in until.split('/').enumerate() {
        let place = events.get_mut(i).ok_or("too many points")?;
        *place = Some(Event::parse(text).ok_or("the second point is unknown")?);
    }
    let place = TABLE.get(COUNT.load(Ordering::SeqCst)).ok_or("too many rules")?;
    place.call_once(|| Rule::new(marked, fresh, at, events, times));
    COUNT.fetch_add(1, Ordering::SeqCst);
    activate();
    Ok(())
}

fn activate() {
    ACTIVE.store(true, Ordering::SeqCst);
    order::watch::<This>();
}

/// Whether there is anything to do at a point.
pub fn is_active() -> bool {
    ACTIVE.load(Ordering::Relaxed)
}

/// The number of a system call: perhaps the word that marked rules wait for.
#[inline]
pub fn mark(word: u32) {
    if word == OPEN || word == SHUT {
        MARKED.store(word == OPEN, Ordering::SeqCst);
    }
}

/// This CPU passes a point, on behalf of the env it runs.
#[inline]
pub fn at(point: Point) {
    if ACTIVE.load(Ordering::Relaxed) {
        pass(Place::Point(point), cpu::env_of(cpu::index()));
    }
}

/// This CPU passes a point in what it does to the env in `slot`.
#[inline]
pub fn at_for(point: Point, slot: usize) {
    if ACTIVE.load(Ordering::Relaxed) {
        pass(Place::Point(point), Some(slot));
    }
}

/// This CPU takes a step with a lock.
pub fn lock(step: Step, rank: Rank) {
    if is_active() {
        pass(Place::Lock(step, rank), cpu::env_of(cpu::index()));
    }
}

/// Makes an end of all rules, for the next test.
#[cfg(test)]
pub(crate) fn disarm() {
    MARKED.store(false, Ordering::SeqCst);
    FIRST.store(COUNT.load(Ordering::SeqCst), Ordering::SeqCst);
}

/// Says what has become of the rules. Takes no lock, so that a panic can say it too.
pub fn report() {
    for rule in rules() {
        console::emergency(format_args!("WINDOW {rule}\n"));
    }
    delay::report();
}

fn rules() -> impl Iterator<Item = &'static Rule> {
    let (first, count) = (FIRST.load(Ordering::SeqCst), COUNT.load(Ordering::SeqCst));
    TABLE[first..count].iter().filter_map(Once::get)
}

#[cold]
fn pass(place: Place, slot: Option<usize>) {
    let cpu = cpu::index();
    let marked = MARKED.load(Ordering::SeqCst);
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

impl Rule {
    fn new(marked: bool, fresh: bool, at: Event, until: [Option<Event>; ALTERNATIVES], times: u32) -> Rule {
        Rule {
            marked,
            fresh,
            at,
            until,
            times,
            reached: AtomicU32::new(0),
            came: [const { AtomicU32::new(0) }; ALTERNATIVES],
            met: [const { AtomicU32::new(0) }; ALTERNATIVES],
            early: AtomicU32::new(0),
            timeouts: AtomicU32::new(0),
        }
    }

    /// Counts what others wait for.
    fn note(&self, place: Place, cpu: usize, slot: Option<usize>) {
        for (event, count) in self.until.iter().zip(&self.came) {
            if event.is_some_and(|event| event.fits(place, cpu, slot)) {
                count.fetch_add(1, Ordering::SeqCst);
            }
        }
    }

    /// How often each of the events has come.
    fn counts(&self) -> [u32; ALTERNATIVES] {
        self.came.each_ref().map(|count| count.load(Ordering::SeqCst))
    }

    /// Which of the events has come often enough: `least` times each, those to be skipped not counted.
    fn came(&self, least: [u32; ALTERNATIVES]) -> Option<usize> {
        let counts = self.counts();
        let came = |&i: &usize| self.until[i].is_some_and(|event| counts[i] >= least[i].saturating_add(event.skip));
        (0..ALTERNATIVES).find(came)
    }

    /// A CPU has come to `at`. Gives back how often each event has to have come for it to go on, unless it need not wait.
    fn arrive(&self) -> Option<[u32; ALTERNATIVES]> {
        let reached = self.reached.fetch_add(1, Ordering::SeqCst) + 1;
        let turn = reached.checked_sub(self.at.skip).filter(|turn| (1..=self.times).contains(turn))?;
        let least = if self.fresh { self.counts().map(|count| count + 1) } else { [turn; ALTERNATIVES] };
        if !self.fresh && self.came(least).is_some() {
            self.early.fetch_add(1, Ordering::SeqCst);
            return None;
        }
        Some(least)
    }

    fn wait(&self, least: [u32; ALTERNATIVES]) {
        let start = instr::millis();
        loop {
            if let Some(which) = self.came(least) {
                self.met[which].fetch_add(1, Ordering::SeqCst);
                return;
            }
            if instr::millis().wrapping_sub(start) > LIMIT_MS {
                self.timeouts.fetch_add(1, Ordering::SeqCst);
                return;
            }
            instr::pause();
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |word: &AtomicU32| word.load(Ordering::SeqCst);
        write!(f, "{}{}", if self.marked { "%" } else { "" }, self.at)?;
        for (i, event) in self.until.iter().flatten().enumerate() {
            let before = if i > 0 {
                '/'
            } else if self.fresh {
                '>'
            } else {
                ':'
            };
            write!(f, "{before}{event}")?;
        }
        if self.times > 1 {
            write!(f, "*{}", self.times)?;
        }
        let met: u32 = self.met.iter().map(count).sum();
        write!(f, " reached={} met={met}", count(&self.reached))?;
        for (event, met) in self.until.iter().flatten().zip(&self.met).filter(|(_, met)| count(met) > 0) {
            write!(f, " by={event}:{}", count(met))?;
        }
        write!(f, " early={} timeout={}", count(&self.early), count(&self.timeouts))
    }
}

#[cfg(test)]
pub(crate) mod tests;
