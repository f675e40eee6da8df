//! Loops that wait: how long, where, and sparing the host the turns in which nothing can change.
//!
//! A `pause` soon after another means that everything between was waiting. If the lines that were read between have not
//! been written since, the next turns of the loop will read the same: the CPU is parked until one of them is written.

use std::array;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

use crate::cpu::{self, Cpu, Number, State};
use crate::lines::{self, Line};
use crate::memory;
use crate::settings;
use crate::stack::SHOWN;
use crate::turn::{self, pass_on};

/// Two `pause` this close are of one loop.
const LOOP: u64 = 24;

/// A parked CPU looks again after so many ticks, in case it waits for something else.
const PATIENCE: u64 = 1000;

/// When a line is written, whoever waits for it is somewhere in its loop: it sees that up to so many ticks later.
const LOOP_LENGTH: u64 = 8;

/// Lines a loop may watch.
const LOOKS: usize = 2;

/// Places that are told apart on one CPU.
const SITES: usize = 32;

/// A line that was read, by number plus one, and its sequence then.
struct Look {
    line: AtomicU32,
    sequence: AtomicU32,
}

struct Site {
    place: AtomicU32,
    callers: [AtomicU32; SHOWN],
    ticks: Number,
}

/// How one CPU waits.
pub(crate) struct Waiting {
    /// When it last executed a `pause`.
    last: Number,
    /// Its account then.
    user: Number,
    kernel: Number,
    /// Whether it has read a clock or a device since: then it waits for something that nobody writes.
    polled: AtomicBool,
    /// What it has read since.
    looks: [Look; LOOKS],
    /// What it had read in the turn of the loop before.
    looks_before: [AtomicU32; LOOKS],
    sites: [Site; SITES],
    site: AtomicUsize,
}

impl Waiting {
    pub(crate) const fn new() -> Self {
        Self {
            last: Number::new(0),
            user: Number::new(0),
            kernel: Number::new(0),
            polled: AtomicBool::new(false),
            looks: [const { Look { line: AtomicU32::new(0), sequence: AtomicU32::new(0) } }; LOOKS],
            looks_before: [const { AtomicU32::new(0) }; LOOKS],
            sites: [const {
                Site { place: AtomicU32::new(0), callers: [const { AtomicU32::new(0) }; SHOWN], ticks: Number::new(0) }
            }; SITES],
            site: AtomicUsize::new(0),
        }
    }

    /// Whether at `now` the CPU is in a loop that waits.
    pub(crate) fn is_spinning(&self, now: u64) -> bool {
        now.wrapping_sub(self.last.get()) <= LOOP
    }

    /// A clock or a device was read.
    pub(crate) fn polls(&self) {
        self.polled.store(true, Ordering::Relaxed);
    }

    /// `line` was read while waiting.
    pub(crate) fn looked(&self, number: u32, line: &Line) {
        let wanted = number + 1;
        let is_fit = |look: &&Look| [0, wanted].contains(&look.line.load(Ordering::Relaxed));
        if let Some(look) = self.looks.iter().find(is_fit) {
            look.line.store(wanted, Ordering::Relaxed);
            look.sequence.store(line.sequence.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }

    /// Whether the turn of the loop before this read the line, too.
    pub(crate) fn looked_before(&self, number: u32) -> bool {
        self.looks_before.iter().any(|line| line.load(Ordering::Relaxed) == number + 1)
    }

    fn looks(&self) -> impl Iterator<Item = (u32, u32)> {
        let pairs =
            self.looks.iter().map(|look| (look.line.load(Ordering::Relaxed), look.sequence.load(Ordering::Relaxed)));
        pairs.filter(|(line, _)| *line != 0).map(|(line, sequence)| (line - 1, sequence))
    }

    /// Whether this turn of the loop has looked, and the one before. With a back-off most don't: such a CPU is mostly not
    /// looking when somebody writes, so it must not be woken by that.
    fn looks_each_turn(&self) -> bool {
        self.looks().next().is_some() && self.looks().all(|(line, _)| self.looked_before(line))
    }

    fn next_turn(&self) {
        for (before, look) in self.looks_before.iter().zip(&self.looks) {
            before.store(look.line.swap(0, Ordering::Relaxed), Ordering::Relaxed);
        }
    }

    /// Time passes inside the loop, without an instruction.
    pub(crate) fn shift(&self, ticks: u64) {
        self.last.add(ticks);
    }

    /// Ticks were lost at the place where the CPU waits now.
    pub(crate) fn add_to_site(&self, ticks: u64) {
        self.sites[self.site.load(Ordering::Relaxed)].ticks.add(ticks);
    }

    /// All places so far were before the window.
    pub(crate) fn forget_sites(&self) {
        self.sites.iter().for_each(|site| site.ticks.set(0));
    }

    /// The places with what was lost there.
    pub(crate) fn sites(&self) -> impl Iterator<Item = (u32, [u32; SHOWN], u64)> {
        let all = self.sites.iter().map(|site| {
            let callers = array::from_fn(|i| site.callers[i].load(Ordering::Relaxed));
            (site.place.load(Ordering::Relaxed), callers, site.ticks.get())
        });
        all.filter(|site| site.2 > 0)
    }

    /// The CPU waits at `place`. The last place stands for all for which there is no room.
    fn is_at(&self, place: u32, callers: [u32; SHOWN]) {
        let same = |site: &Site| {
            site.place.load(Ordering::Relaxed) == place
                && site.callers.iter().zip(callers).all(|(there, wanted)| there.load(Ordering::Relaxed) == wanted)
        };
        if same(&self.sites[self.site.load(Ordering::Relaxed)]) {
            return;
        }
        let fits = |site: &Site| same(site) || site.place.load(Ordering::Relaxed) == 0;
        let index = self.sites.iter().position(fits).unwrap_or(SITES - 1);
        let site = &self.sites[index];
        site.place.store(place, Ordering::Relaxed);
        site.callers.iter().zip(callers).for_each(|(there, new)| there.store(new, Ordering::Relaxed));
        self.site.store(index, Ordering::Relaxed);
    }
}

/// Time passes for a CPU that waits.
fn lost(cpu: &Cpu, ticks: u64) {
    cpu.account.spin.add(ticks);
    cpu.waiting.add_to_site(ticks);
}

/// CPU `index` executes the `pause` at `place`, at time `now`; `kernel`: in the kernel.
pub(crate) fn pause(index: usize, place: u32, kernel: bool, now: u64) {
    let cpu = cpu::get(index);
    let (waiting, account) = (&cpu.waiting, &cpu.account);
    let spinning = waiting.is_spinning(now);
    if spinning {
        waiting.is_at(place, if kernel { cpu.stack.innermost() } else { [0; SHOWN] });
        lost(cpu, now - waiting.last.get());
        // It was counted as work.
        account.user.set(waiting.user.get());
        account.kernel.set(waiting.kernel.get());
    } else {
        waiting.user.set(account.user.get());
        waiting.kernel.set(account.kernel.get());
    }
    waiting.last.set(now);
    let polled = waiting.polled.swap(false, Ordering::Relaxed);
    if settings::get().model > 0 {
        let cost = memory::pause_cost();
        cpu.skip(cost);
        waiting.shift(cost);
        lost(cpu, cost);
    } else if spinning && !polled && cpu.state() == State::Running && waiting.looks_each_turn() {
        return park(index, cpu, now);
    }
    waiting.next_turn();
}

fn park(index: usize, cpu: &Cpu, now: u64) {
    let waiting = &cpu.waiting;
    let mut turn = turn::lock();
    let unchanged = waiting.looks().all(|(line, seen)| lines::get(line).sequence.load(Ordering::Relaxed) == seen);
    if !turn.is_holder(index) || !unchanged {
        return waiting.next_turn();
    }
    waiting.looks().for_each(|(line, _)| lines::get(line).watchers.add(index));
    turn.rests(index, State::Parked, now, now + PATIENCE);
    pass_on(turn, index);
}

/// The parked CPU goes on, at `when`.
fn unpark(index: usize, cpu: &Cpu, when: u64) {
    cpu.waiting.looks().for_each(|(line, _)| lines::get(line).watchers.remove(index));
    cpu.waiting.next_turn();
    let ticks = when - cpu.stands_at.get();
    cpu.skip(ticks);
    lost(cpu, ticks);
    cpu.stands_at.set(when);
    cpu.waiting.last.set(when);
}

/// A parked CPU has waited long enough.
pub(crate) fn gave_up(index: usize, cpu: &Cpu, when: u64) {
    unpark(index, cpu, when);
}

/// A line was written at `time`: whoever waits for that goes on.
pub(crate) fn written(line: &Line, time: u64) {
    let mut turn = turn::lock();
    for index in line.watchers.members() {
        let cpu = cpu::get(index);
        if cpu.state() != State::Parked {
            continue;
        }
        let sees = time.max(cpu.stands_at.get()) + turn.random(LOOP_LENGTH);
        let when = sees.min(turn.when(index));
        unpark(index, cpu, when);
        turn.rests(index, State::Ready, when, when);
        turn.joined(when);
    }
}
