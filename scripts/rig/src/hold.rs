//! What holds all CPUs: the main loop at work, and a CPU that is on its way out of a halt.
//!
//! Both take as long as the host likes, and virtual time stands meanwhile. The CPU that runs stops at the end of its block
//! and goes on afterwards as if nothing had been, unless there is somebody now to whom it is too close.

use std::sync::MutexGuard;

use crate::turn::Turn;
use crate::{clock, cpu};

/// Not woken.
const NEVER: u64 = u64::MAX;

impl Turn {
    /// The main loop has something to do. It gets its turn as soon as the CPU that runs has come to a block's end.
    pub(crate) fn wants_main_loop(&mut self) {
        self.main_loop_wanted = true;
        if let Some(holder) = self.holder() {
            holder.limit.set(0);
        } else if self.waking == 0 {
            self.yield_to_main_loop();
        }
    }

    /// At `time`, CPU `index` is woken from a halt. Whoever runs goes to the end of its block at most, and writes nothing
    /// there that the other should have seen first.
    pub(crate) fn wakes(&mut self, index: usize, time: u64) {
        cpu::get(index).woken_at.set(time);
        self.waking += 1;
        if let Some(holder) = self.holder() {
            holder.others.lower(time);
            holder.limit.set(0);
        }
    }

    /// CPU `index`, if it had been woken, goes on, or sleeps again.
    pub(crate) fn settles(&mut self, index: usize) {
        if cpu::get(index).woken_at.get() != NEVER {
            cpu::get(index).woken_at.set(NEVER);
            self.waking -= 1;
        }
    }

    /// Whether the CPU that runs has to stop.
    pub(crate) fn is_held(&self) -> bool {
        self.main_loop || self.main_loop_wanted || self.waking > 0
    }

    /// Stops the CPU that runs until nothing holds it. It stays the one that runs.
    pub(crate) fn pause(&mut self) {
        self.paused = true;
        if let Some(holder) = self.holder() {
            holder.holds();
        }
        if self.main_loop_wanted && self.waking == 0 {
            self.yield_to_main_loop();
        }
    }

    /// The main loop gets its turn.
    pub(crate) fn yield_to_main_loop(&mut self) {
        self.main_loop_wanted = false;
        self.main_loop = true;
        clock::wake_main_loop();
    }
}

/// Lets somebody go on, if nobody runs and nothing holds them. For who does not wait.
pub(crate) fn go_on(mut turn: MutexGuard<'static, Turn>) {
    if turn.holder.is_some() && (!turn.paused || turn.main_loop || turn.waking > 0) {
        return;
    }
    let next = if !turn.paused {
        turn.choose()
    } else if turn.main_loop_wanted {
        turn.yield_to_main_loop();
        None
    } else {
        turn.paused = false;
        if let Some(holder) = turn.holder() {
            holder.let_go();
        }
        turn.holder
    };
    drop(turn);
    if let Some(next) = next {
        cpu::get(next).call();
    }
}
