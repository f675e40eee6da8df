//! What CPUs do that concerns the schedule.

use crate::cpu::{self, State};
use crate::hold::go_on;
use crate::turn::{lock, pass_on};
use crate::{clock, halt, window};

/// Could not run.
const NEVER: u64 = u64::MAX;

/// At the head of a block, when the CPU's allowance is used up, or there is something else to see to.
#[cold]
pub(crate) fn used_up(index: usize) {
    let cpu = cpu::get(index);
    cpu::is_me(index);
    let mut turn = lock();
    while turn.is_holder(index) && turn.is_held() {
        turn.pause();
        drop(turn);
        cpu.wait();
        turn = lock();
        if turn.paused {
            // Let go of out of turn.
            return;
        }
    }
    match cpu.state() {
        State::Off | State::Idle => {
            halt::is_up();
            turn.joins(index);
            turn.settles(index);
        }
        State::Running if turn.is_holder(index) => {
            cpu.ends_turn_by(clock::deadline());
            if cpu.continues() {
                return;
            }
            let now = cpu.now.get();
            turn.rests(index, State::Ready, now, now);
        }
        // Let go of out of turn, it has executed a block.
        State::Running | State::Ready | State::Parked => {
            let now = cpu.now.get();
            turn.rests(index, State::Ready, now, now);
        }
    }
    if turn.is_holder(index) || turn.holder.is_none() {
        pass_on(turn, index);
    } else {
        go_on(turn);
        cpu.wait();
    }
}

/// Before the instruction at `place`, which writes, at time `now`: whoever is behind goes first. Unless the line is
/// nobody else's, as far as one can tell: then the order does not matter.
pub(crate) fn in_order(index: usize, place: u32, atomic: bool, now: u64) {
    let cpu = cpu::get(index);
    if cpu.others.get() >= now || cpu.state() != State::Running || !window::has_begun() {
        return;
    }
    if !cpu.habits.is_shared(place).unwrap_or(atomic) {
        return;
    }
    let mut turn = lock();
    if turn.is_holder(index) {
        turn.rests(index, State::Ready, now, now);
        pass_on(turn, index);
    }
}

/// QEMU has made CPU `index`.
pub(crate) fn appeared(index: usize) {
    let mut turn = lock();
    turn.count = turn.count.max(index + 1);
}

/// CPU `index` halts, or goes on to do so. Called with QEMU's lock held: must not wait.
pub(crate) fn halted(index: usize) {
    let cpu = cpu::get(index);
    cpu::is_me(index);
    halt::dozes();
    let mut turn = lock();
    if cpu.state() != State::Off {
        turn.rests(index, State::Idle, cpu.now.get(), NEVER);
    }
    if turn.is_holder(index) {
        turn.holder = None;
        go_on(turn);
    }
}
