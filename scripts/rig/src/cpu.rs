//! What is known of one CPU of the guest.

use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::thread::{self, Thread};

use crate::habits::Habits;
use crate::spin::Waiting;
use crate::stack::Stack;
use crate::window::Account;

/// The most CPUs of a guest.
pub(crate) const MOST: usize = 256;

/// A number that many threads see and one at a time changes.
#[derive(Debug, Default)]
pub(crate) struct Number(AtomicU64);

impl Number {
    pub(crate) const fn new(value: u64) -> Self {
        Self(AtomicU64::new(value))
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    pub(crate) fn add(&self, more: u64) {
        self.set(self.get().wrapping_add(more));
    }

    /// The larger of the number and `value` becomes the number, and is given back.
    pub(crate) fn raise(&self, value: u64) -> u64 {
        self.0.fetch_max(value, Ordering::Relaxed).max(value)
    }

    /// The smaller of the number and `value` becomes the number.
    pub(crate) fn lower(&self, value: u64) {
        self.0.fetch_min(value, Ordering::Relaxed);
    }
}

/// What a CPU is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum State {
    /// It has executed nothing yet.
    Off,
    /// It could run and is not its turn.
    Ready,
    /// It is its turn.
    Running,
    /// It waits in a loop until somebody writes, and would see nothing new before.
    Parked,
    /// It has halted.
    Idle,
}

/// One CPU.
#[repr(align(128))]
pub(crate) struct Cpu {
    /// Virtual time at the end of the block that is being executed.
    pub(crate) now: Number,
    /// When `now` has reached this, the next block begins with a visit to the scheduler.
    pub(crate) limit: Number,
    /// When its turn ends. `limit` is earlier if there is something else to see to.
    turn_ends: Number,
    /// No other CPU that could run is behind this time.
    pub(crate) others: Number,
    /// While it does not run: the virtual time at which it stands.
    pub(crate) stands_at: Number,
    /// When it was woken from a halt from which it is not back yet; else `u64::MAX`.
    pub(crate) woken_at: Number,
    state: AtomicU8,
    go: AtomicBool,
    thread: OnceLock<Thread>,
    /// Which of its atomic instructions touch lines of its own.
    pub(crate) habits: Habits,
    /// Where its time goes.
    pub(crate) account: Account,
    /// Loops in which it waits.
    pub(crate) waiting: Waiting,
    /// The calls it is in.
    pub(crate) stack: Stack,
}

impl Cpu {
    const fn new() -> Self {
        Self {
            now: Number::new(0),
            limit: Number::new(0),
            turn_ends: Number::new(0),
            others: Number::new(0),
            stands_at: Number::new(0),
            woken_at: Number::new(u64::MAX),
            state: AtomicU8::new(State::Off as u8),
            go: AtomicBool::new(false),
            thread: OnceLock::new(),
            habits: Habits::new(),
            account: Account::new(),
            waiting: Waiting::new(),
            stack: Stack::new(),
        }
    }

    pub(crate) fn state(&self) -> State {
        const ALL: [State; 5] = [State::Off, State::Ready, State::Running, State::Parked, State::Idle];
        ALL[usize::from(self.state.load(Ordering::Relaxed))]
    }

    /// Changes the state. Only under the scheduler's mutex.
    pub(crate) fn becomes(&self, state: State) {
        self.state.store(state as u8, Ordering::Relaxed);
    }

    /// Its turn lasts until `time`, from now on.
    pub(crate) fn has_turn_until(&self, time: u64) {
        self.turn_ends.set(time);
        self.limit.set(time);
    }

    /// Its turn ends at `time`, if not earlier.
    pub(crate) fn ends_turn_by(&self, time: u64) {
        self.turn_ends.lower(time);
        self.limit.lower(time);
    }

    /// What else there was to see to is seen to. Whether its turn goes on.
    pub(crate) fn continues(&self) -> bool {
        self.limit.set(self.turn_ends.get());
        self.now.get() < self.limit.get()
    }

    /// Sleeps until it may run, if it may not. On this CPU's thread.
    pub(crate) fn wait(&self) {
        while !self.go.load(Ordering::Acquire) {
            thread::park();
        }
    }

    /// It may not run. Only under the scheduler's mutex, as [`Cpu::let_go`].
    pub(crate) fn holds(&self) {
        self.go.store(false, Ordering::Relaxed);
    }

    /// It may run. If it sleeps, it has to be called.
    pub(crate) fn let_go(&self) {
        self.go.store(true, Ordering::Release);
    }

    /// Wakes it up to see whether it may run.
    pub(crate) fn call(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    /// Time passes without anything being executed. The CPU has to be the one that runs, or be at rest.
    pub(crate) fn skip(&self, ticks: u64) {
        self.now.add(ticks);
    }
}

thread_local! {
    /// The CPU that the thread executes, if any.
    static ME: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Notes that the calling thread is CPU `index`'s.
pub(crate) fn is_me(index: usize) {
    if ME.replace(Some(index)).is_none() {
        get(index).thread.get_or_init(thread::current);
    }
}

/// The CPU whose thread is calling.
pub(crate) fn me() -> Option<usize> {
    ME.get()
}

static CPUS: [Cpu; MOST] = [const { Cpu::new() }; MOST];

/// CPU `index`.
pub(crate) fn get(index: usize) -> &'static Cpu {
    &CPUS[index]
}
