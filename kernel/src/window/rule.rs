//! A rule: at which point a CPU waits, for which others, and what has become of it.

use core::fmt;

use super::event::{Event, Place};
use crate::atomic::{AtomicU32, Ordering};
use crate::x86::instr;

/// The longest wait, in milliseconds: for a host that is busy with other things. The lock checker's patience is longer.
const LIMIT_MS: u32 = 5_000;

/// The most alternatives in a rule.
const ALTERNATIVES: usize = 4;

/// One rule, and what has become of it.
pub(super) struct Rule {
    /// Whether it waits for a program's word.
    pub(super) marked: bool,
    pub(super) at: Event,
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

impl Rule {
    /// Reads one.
    ///
    /// # Errors
    /// When it is none.
    pub(super) fn parse(rule: &str) -> Result<Rule, &'static str> {
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
        Ok(Rule::new(marked, fresh, at, events, times))
    }

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
    pub(super) fn note(&self, place: Place, cpu: usize, slot: Option<usize>) {
        for (event, count) in self.until.iter().zip(&self.came) {
            if event.is_some_and(|event| event.fits(place, cpu, slot)) {
                // Release: whoever waits for this sees what was done before.
                count.fetch_add(1, Ordering::Release);
            }
        }
    }

    /// How often each of the events has come.
    fn counts(&self) -> [u32; ALTERNATIVES] {
        self.came.each_ref().map(|count| count.load(Ordering::Acquire))
    }

    /// Which of the events has come often enough: `least` times each, those to be skipped not counted.
    fn came(&self, least: [u32; ALTERNATIVES]) -> Option<usize> {
        let counts = self.counts();
        let came = |&i: &usize| self.until[i].is_some_and(|event| counts[i] >= least[i].saturating_add(event.skip));
        (0..ALTERNATIVES).find(came)
    }

    /// A CPU has come to `at`. Gives back how often each event has to have come for it to go on, unless it need not wait.
    pub(super) fn arrive(&self) -> Option<[u32; ALTERNATIVES]> {
        let reached = self.reached.fetch_add(1, Ordering::Relaxed) + 1;
        let turn = reached.checked_sub(self.at.skip).filter(|turn| (1..=self.times).contains(turn))?;
        let least = if self.fresh { self.counts().map(|count| count + 1) } else { [turn; ALTERNATIVES] };
        if !self.fresh && self.came(least).is_some() {
            self.early.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        Some(least)
    }

    pub(super) fn wait(&self, least: [u32; ALTERNATIVES]) {
        let start = instr::millis();
        loop {
            if let Some(which) = self.came(least) {
                self.met[which].fetch_add(1, Ordering::Relaxed);
                return;
            }
            if instr::millis().wrapping_sub(start) > LIMIT_MS {
                self.timeouts.fetch_add(1, Ordering::Relaxed);
                return;
            }
            instr::pause();
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |word: &AtomicU32| word.load(Ordering::Relaxed);
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
