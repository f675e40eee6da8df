//! From events to intervals: what each CPU did, from when to when.
//!
//! A CPU is in user mode, in the kernel or idle; those follow each other without a gap. What it waits for and holds
//! meanwhile lies inside of its time in the kernel. Locks need not be released in the opposite order of their taking,
//! so each gets a lane, the first free one.

use anyhow::{Result, bail};
use sync::event::{Event, Lock};

use super::noted::Noted;
use super::words::category;
use crate::bench::real;

/// What a CPU does in an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// Runs the env in this slot.
    User(u16),
    /// Is in the kernel, for the trap and the system call with these numbers, if it was for any.
    Kernel(Option<u8>, Option<u8>),
    /// Has halted.
    Idle,
    /// Waits for a lock, or for the answer of another CPU.
    Waits(Lock),
    /// Holds a lock.
    Holds(Lock),
}

/// A part of a CPU's time, the end not included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Interval {
    pub(super) cpu: usize,
    /// 0 for what the CPU is in, from 1 on for locks.
    pub(super) lane: usize,
    pub(super) begin: u64,
    pub(super) end: u64,
    pub(super) what: What,
}

/// An interrupt sent to another CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) cpu: usize,
    pub(super) ticks: u64,
    /// By its APIC.
    pub(super) to: u8,
}

/// All that happened in a window.
#[derive(Clone, Debug, Default)]
pub(super) struct Timeline {
    pub(super) cpus: usize,
    pub(super) begin: u64,
    pub(super) end: u64,
    pub(super) intervals: Vec<Interval>,
    pub(super) sent: Vec<Sent>,
}

/// One CPU's state while its events are gone through.
struct Cpu {
    cpu: usize,
    base: (u64, What),
    /// What is waited for or held, by lane; lane 1 first.
    lanes: Vec<Option<(u64, What)>>,
}

impl Timeline {
    /// Makes the intervals. Events may begin before the window. What was going on before the first of them is known only
    /// from what follows.
    pub(super) fn of(cpus: usize, (begin, end): (u64, u64), events: &[Noted]) -> Self {
        let mut timeline = Self { cpus, begin, end, ..Self::default() };
        for cpu in 0..cpus {
            let own: Vec<_> = events.iter().filter(|noted| noted.cpu == cpu).copied().collect();
            timeline.cpu(cpu, &own);
        }
        timeline
    }

    /// Whether it can be true: no CPU is in two states at once, and no lock has two holders.
    ///
    /// # Errors
    /// When not; the message says where.
    pub(super) fn check(&self) -> Result<()> {
        let mut by_place = self.intervals.clone();
        by_place.sort_by_key(|interval| (interval.cpu, interval.lane, interval.begin));
        for pair in by_place.windows(2).filter(|pair| (pair[0].cpu, pair[0].lane) == (pair[1].cpu, pair[1].lane)) {
            if pair[0].end > pair[1].begin {
                bail!("the trace contradicts itself: {:?} and {:?} of one CPU overlap", pair[0], pair[1]);
            }
        }
        let lock = |interval: &Interval| if let What::Holds(lock) = interval.what { Some(lock) } else { None };
        let mut held: Vec<_> = self.intervals.iter().filter_map(|interval| Some((lock(interval)?, interval))).collect();
        held.sort_by_key(|(lock, interval)| (*lock, interval.begin));
        for pair in held.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
            if pair[0].1.end > pair[1].1.begin {
                bail!("the trace contradicts itself: two hold a lock, {:?} and {:?}", pair[0].1, pair[1].1);
            }
        }
        Ok(())
    }

    /// The part of all CPUs' time that intervals of a kind take, in per cent.
    pub(super) fn share(&self, kind: &str) -> f64 {
        let all = real((self.end - self.begin).max(1)) * real(self.cpus as u64);
        let of_kind = self.intervals.iter().filter(|interval| category(interval.what) == kind);
        real(of_kind.map(|interval| interval.end - interval.begin).sum()) / all * 100.0
    }

    fn cpu(&mut self, index: usize, events: &[Noted]) {
        let mut cpu = Cpu { cpu: index, base: (self.begin, first_state(events)), lanes: Vec::new() };
        for (lock, held) in unfinished(events) {
            cpu.put(self.begin, if held { What::Holds(lock) } else { What::Waits(lock) });
        }
        let end = self.end;
        for noted in events.iter().filter(|noted| noted.ticks < end) {
            let at = noted.ticks;
            match noted.event {
                Event::User(slot) => cpu.enter(self, at, What::User(slot)),
                Event::Kernel | Event::Awake => cpu.enter(self, at, What::Kernel(None, None)),
                Event::Idle => cpu.enter(self, at, What::Idle),
                Event::Trap(vector) => cpu.base.1 = cpu.base.1.with(Some(vector), None),
                Event::Call(number) => cpu.base.1 = cpu.base.1.with(None, Some(number)),
                Event::Wants(lock) => cpu.put(at, What::Waits(lock)),
                Event::Has(lock) => {
                    cpu.take(self, at, What::Waits(lock));
                    if lock.is_held() {
                        cpu.put(at, What::Holds(lock));
                    }
                }
                Event::Frees(lock) => cpu.take(self, at, What::Holds(lock)),
                Event::Sends(_) if at < self.begin => {}
                Event::Sends(to) => self.sent.push(Sent { cpu: index, ticks: at, to }),
            }
        }
        cpu.enter(self, end, What::Idle);
        for lane in 0..cpu.lanes.len() {
            if let Some((_, what)) = cpu.lanes[lane] {
                cpu.take(self, end, what);
            }
        }
    }

    fn add(&mut self, cpu: usize, lane: usize, (begin, end): (u64, u64), what: What) {
        let begin = begin.max(self.begin);
        if begin < end {
            self.intervals.push(Interval { cpu, lane, begin, end, what });
        }
    }
}

impl What {
    /// What is known of the time in the kernel, and this.
    fn with(self, vector: Option<u8>, call: Option<u8>) -> Self {
        match self {
            Self::Kernel(old_vector, old_call) => Self::Kernel(vector.or(old_vector), call.or(old_call)),
            other => other,
        }
    }
}

impl Cpu {
    /// What the CPU was in is over.
    fn enter(&mut self, timeline: &mut Timeline, at: u64, what: What) {
        let (since, was) = std::mem::replace(&mut self.base, (at, what));
        timeline.add(self.cpu, 0, (since, at), was);
    }

    fn put(&mut self, at: u64, what: What) {
        match self.lanes.iter_mut().find(|lane| lane.is_none()) {
            Some(lane) => *lane = Some((at, what)),
            None => self.lanes.push(Some((at, what))),
        }
    }

    /// Ends a wait or a hold, if there is one.
    fn take(&mut self, timeline: &mut Timeline, at: u64, what: What) {
        let same = |lane: &Option<(u64, What)>| lane.is_some_and(|(_, other)| other == what);
        if let Some(lane) = self.lanes.iter().position(same)
            && let Some((since, _)) = self.lanes[lane].take()
        {
            timeline.add(self.cpu, lane + 1, (since, at), what);
        }
    }
}

/// What a CPU was in before its first event that tells.
fn first_state(events: &[Noted]) -> What {
    for noted in events {
        match noted.event {
            // It comes from there, whoever ran.
            Event::Kernel => return What::User(UNKNOWN),
            Event::Awake => return What::Idle,
            Event::User(_) | Event::Idle => break,
            _ => {}
        }
    }
    What::Kernel(None, None)
}

/// The slot of an env that nobody has told.
pub(super) const UNKNOWN: u16 = u16::MAX;

/// The locks that a CPU has, or waits for, when its events begin: those that it gets or releases before anything else is
/// said about them. With whether it has them.
fn unfinished(events: &[Noted]) -> Vec<(Lock, bool)> {
    let mut seen: Vec<Lock> = Vec::new();
    let mut found = Vec::new();
    for noted in events {
        let (Event::Wants(lock) | Event::Has(lock) | Event::Frees(lock)) = noted.event else { continue };
        if !seen.contains(&lock) {
            seen.push(lock);
            if noted.event == Event::Frees(lock) {
                found.push((lock, true));
            }
        }
    }
    found
}

#[cfg(test)]
pub(super) mod tests {
    use sync::Rank;

    use super::*;

    /// Events of CPU 0 at these ticks.
    pub(crate) fn noted(events: &[(u64, Event)]) -> Vec<Noted> {
        events.iter().map(|&(ticks, event)| Noted { cpu: 0, ticks, event }).collect()
    }

    pub(crate) const VM: Lock = Lock::new(Rank::EnvVm, 3);
    const QUEUE: Lock = Lock::new(Rank::RunQueue, 0);

    #[test]
    fn locks_lie_inside_the_kernels_time() {
        let events = noted(&[
            (12, Event::Kernel),
            (13, Event::Trap(48)),
            (14, Event::Call(4)),
            (15, Event::Wants(VM)),
            (18, Event::Has(VM)),
            (19, Event::Has(QUEUE)),
            (20, Event::Frees(VM)),
            (21, Event::Frees(QUEUE)),
            (22, Event::User(3)),
        ]);
        let timeline = Timeline::of(1, (10, 30), &events);
        let interval = |lane, begin, end, what| Interval { cpu: 0, lane, begin, end, what };
        let wanted = [
            interval(0, 10, 12, What::User(UNKNOWN)),
            interval(1, 15, 18, What::Waits(VM)),
            interval(1, 18, 20, What::Holds(VM)),
            interval(2, 19, 21, What::Holds(QUEUE)),
            interval(0, 12, 22, What::Kernel(Some(48), Some(4))),
            interval(0, 22, 30, What::User(3)),
        ];
        assert_eq!(timeline.intervals, wanted);
    }

    #[test]
    fn two_holders_of_one_lock_are_a_contradiction() {
        let held = |cpu, from, to| {
            [(from, Event::Has(VM)), (to, Event::Frees(VM))].map(|(ticks, event)| Noted { cpu, ticks, event })
        };
        let timeline = |other| Timeline::of(2, (0, 50), &[held(0, 10, 20), other].concat());
        assert!(timeline(held(1, 20, 30)).check().is_ok());
        assert!(timeline(held(1, 19, 30)).check().is_err());
    }

    #[test]
    fn what_was_going_on_before_the_window_begins_with_it() {
        let timeline = Timeline::of(1, (10, 30), &noted(&[(5, Event::Wants(VM)), (15, Event::Has(VM))]));
        let waited = timeline.intervals.iter().find(|interval| interval.lane == 1).expect("it waited");
        assert_eq!((waited.begin, waited.end, waited.what), (10, 15, What::Waits(VM)));
    }

    #[test]
    fn a_lock_held_since_before_begins_with_the_window() {
        let timeline = Timeline::of(1, (10, 30), &noted(&[(15, Event::Frees(VM)), (16, Event::Idle)]));
        let held = timeline.intervals.iter().find(|interval| interval.lane == 1).expect("it was held");
        assert_eq!((held.begin, held.end, held.what), (10, 15, What::Holds(VM)));
    }
}
