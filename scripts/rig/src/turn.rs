//! Whose turn it is.
//!
//! The CPU with the least virtual time runs until it is a quantum ahead of the next. What others use is written only when
//! nobody who could run is behind: that keeps locks in order of time whatever the quantum is.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock;
use crate::cpu::{self, Cpu, MOST, Number, State};
use crate::settings;
use crate::{spin, window};

/// For a CPU that could not run, and where there is no CPU.
const NEVER: u64 = u64::MAX;

/// What the quantum is multiplied by before anything is measured.
const COARSE: u64 = 20;

/// Spreads a bit over a word: an odd number without a pattern.
const MIXER: u64 = 0x9e37_79b9_7f4a_7c15;

/// The mutex's content.
pub(crate) struct Turn {
    /// The CPU that runs.
    pub(crate) holder: Option<usize>,
    /// It has been stopped in the middle of its turn, and will go on as if nothing had been.
    pub(crate) paused: bool,
    /// QEMU's main loop is at work: no CPU may run. It is until it has gone to sleep for the first time.
    pub(crate) main_loop: bool,
    /// There is something for it to do, now.
    pub(crate) main_loop_wanted: bool,
    /// How many CPUs have been woken from a halt and are not back yet: no CPU may run until it is known when each goes on.
    pub(crate) waking: usize,
    /// How many CPUs there are.
    pub(crate) count: usize,
    /// By CPU: when it could go on.
    when: [u64; MOST],
    random: u64,
    /// How many turns there were.
    pub(crate) turns: u64,
    /// Whose they were and when they began, as one number: the same in two runs that went the same way.
    pub(crate) history: u64,
    /// How often a CPU was let go out of turn.
    pub(crate) forced: u64,
}

/// Writes that came before their time although others use the line.
static DISORDER: Number = Number::new(0);

static TURN: Mutex<Turn> = Mutex::new(Turn {
    holder: None,
    paused: false,
    main_loop: true,
    main_loop_wanted: false,
    waking: 0,
    count: 0,
    when: [NEVER; MOST],
    random: 1,
    turns: 0,
    history: 0,
    forced: 0,
});

/// No CPU that could run is behind this time. Grows.
static FRONT: Number = Number::new(0);

/// The scheduler's state. Never held while waiting for anything.
pub(crate) fn lock() -> MutexGuard<'static, Turn> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Seeds what is left to chance.
pub(crate) fn start(seed: u64) {
    lock().random = seed.wrapping_mul(MIXER) | 1;
}

/// How far ahead of the others a CPU may run, on average. Until the first mark nothing is measured, and booting is
/// quicker with fewer turns.
fn quantum() -> u64 {
    let quantum = settings::get().quantum;
    if window::has_begun() { quantum } else { quantum * COARSE }
}

/// Virtual time of the machine.
pub(crate) fn front() -> u64 {
    FRONT.get()
}

/// Time passes with nobody running, until `time`.
pub(crate) fn warp(time: u64) {
    FRONT.raise(time);
}

impl Turn {
    /// A number below `limit`.
    pub(crate) fn random(&mut self, limit: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % limit
    }

    /// CPUs there are.
    pub(crate) fn cpus(&self) -> impl Iterator<Item = (usize, &'static Cpu)> + use<> {
        (0..self.count).map(|index| (index, cpu::get(index)))
    }

    /// Whether it is CPU `index`'s turn.
    pub(crate) fn is_holder(&self, index: usize) -> bool {
        self.holder == Some(index)
    }

    /// The CPU that runs.
    pub(crate) fn holder(&self) -> Option<&'static Cpu> {
        self.holder.map(cpu::get)
    }

    /// Whether no CPU runs or could, nor is about to.
    pub(crate) fn all_idle(&self) -> bool {
        self.holder.is_none() && self.waking == 0 && self.when[..self.count].iter().all(|&when| when == NEVER)
    }

    /// When CPU `index` could go on.
    pub(crate) fn when(&self, index: usize) -> u64 {
        self.when[index]
    }

    /// CPU `index` stands at `at` and could go on from `when` on.
    pub(crate) fn rests(&mut self, index: usize, state: State, at: u64, when: u64) {
        let cpu = cpu::get(index);
        cpu.stands_at.set(at);
        cpu.becomes(state);
        cpu.holds();
        cpu.limit.set(0);
        self.when[index] = when;
    }

    /// A CPU that could not run before now could from `when` on: the one that runs must not get too far ahead of it.
    pub(crate) fn joined(&mut self, when: u64) {
        if let Some(holder) = self.holder() {
            holder.others.lower(when);
            holder.ends_turn_by(when + quantum());
        }
    }

    /// Gives the turn to whoever is least far. `None` if nobody can go on now; then it may be the main loop's turn.
    pub(crate) fn choose(&mut self) -> Option<usize> {
        self.holder = None;
        if self.main_loop || self.waking > 0 {
            return None;
        }
        let (index, when) = self.least(MOST);
        if self.main_loop_wanted || when == NEVER {
            self.yield_to_main_loop();
            return None;
        }
        if when >= clock::deadline() {
            FRONT.raise(when.min(clock::deadline()));
            self.yield_to_main_loop();
            return None;
        }
        window::reached(self, when);
        self.start(index, when);
        Some(index)
    }

    /// The least far CPU but `except`.
    fn least(&self, except: usize) -> (usize, u64) {
        let mut best = (MOST, NEVER);
        for (index, &when) in self.when[..self.count].iter().enumerate() {
            if when < best.1 && index != except {
                best = (index, when);
            }
        }
        best
    }

    fn start(&mut self, index: usize, when: u64) {
        let cpu = cpu::get(index);
        FRONT.raise(when);
        if cpu.state() == State::Parked {
            spin::gave_up(index, cpu, when);
        }
        let (_, others) = self.least(index);
        let ahead = 1 + self.random(2 * quantum());
        let base = if others == NEVER { when } else { others };
        let limit = (base + ahead).min(clock::deadline()).min(window::next_edge(when));
        cpu.others.set(others);
        cpu.has_turn_until(limit.max(when + 1));
        cpu.becomes(State::Running);
        window::crossed(cpu, when);
        self.when[index] = NEVER;
        self.holder = Some(index);
        self.turns += 1;
        self.history = (self.history.rotate_left(5) ^ when ^ (index as u64) << 48).wrapping_mul(MIXER);
        cpu.let_go();
    }

    /// CPU `index` comes from nowhere, or from a halt: it goes on at the time at which it was woken.
    pub(crate) fn joins(&mut self, index: usize) {
        let cpu = cpu::get(index);
        let time = match cpu.woken_at.get() {
            NEVER => self.holder().map_or(front(), |holder| holder.now.get()),
            woken_at => woken_at,
        };
        let late = time.saturating_sub(cpu.now.get());
        cpu.skip(late);
        let now = cpu.now.get();
        self.rests(index, State::Ready, now, now);
        self.joined(now);
    }
}

/// Gives the turn to whoever is next, and waits until CPU `index` gets it. Its own rest has been noted.
pub(crate) fn pass_on(mut turn: MutexGuard<'static, Turn>, index: usize) {
    let next = turn.choose();
    drop(turn);
    if next == Some(index) {
        return;
    }
    if let Some(next) = next {
        cpu::get(next).call();
    }
    cpu::get(index).wait();
}

/// A line that others use was written before its time.
pub(crate) fn note_disorder() {
    DISORDER.add(1);
}

/// How often that happened.
pub(crate) fn disorder() -> u64 {
    DISORDER.get()
}
