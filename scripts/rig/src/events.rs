//! What CPUs do that concerns the schedule.

use crate::cpu::{self, State};
use crate::host;
use crate::turn::{lock, pass_on, start_somebody};
use crate::window;

/// Could not run.
const NEVER: u64 = u64::MAX;

/// At the head of a block, when the CPU's allowance is used up.
#[cold]
pub(crate) fn used_up(index: usize) {
    let cpu = cpu::get(index);
    cpu.is_me();
    let mut turn = lock();
    match cpu.state() {
        // QEMU does not always say that a CPU goes on.
        State::Off | State::Idle => turn.joins(index),
        // Let go of out of turn, it has executed a block.
        State::Running | State::Ready | State::Parked => {
            let now = cpu.now.get();
            turn.rests(index, State::Ready, now, now);
        }
    }
    if turn.is_holder(index) || (turn.holder.is_none() && !turn.main_loop) {
        pass_on(turn, index);
    } else {
        drop(turn);
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

/// After a write to a device by CPU `index`: at the next block the main loop gets its turn.
pub(crate) fn device_written(index: usize) {
    lock().device_touched = true;
    cpu::get(index).limit.set(0);
}

/// QEMU has made CPU `index`.
pub(crate) fn appeared(index: usize) {
    let mut turn = lock();
    turn.count = turn.count.max(index + 1);
}

/// CPU `index` halts. Called with QEMU's lock held: must not wait.
pub(crate) fn halted(index: usize) {
    let cpu = cpu::get(index);
    cpu.is_me();
    let mut turn = lock();
    if cpu.state() != State::Off {
        turn.rests(index, State::Idle, cpu.now.get(), NEVER);
    }
    if turn.is_holder(index) {
        turn.holder = None;
        if turn.all_idle() {
            // Only a timer can change that.
            turn.yield_to_main_loop();
        } else {
            start_somebody(turn);
        }
    }
}

/// CPU `index` goes on after a halt. Must not wait.
pub(crate) fn resumed(index: usize) {
    cpu::get(index).is_me();
    let mut turn = lock();
    if matches!(cpu::get(index).state(), State::Off | State::Idle) {
        turn.joins(index);
        start_somebody(turn);
    }
}

/// After an interrupt to other CPUs was sent: waits until a halted one it has woken has said so, for else it would
/// depend on the host when that one goes on.
pub(crate) fn interrupt_sent() {
    const LOOKS: usize = 50;
    let before = lock().resumed;
    for look in 0..LOOKS {
        let turn = lock();
        let woken = || turn.cpus().any(|(_, cpu)| matches!(cpu.state(), State::Idle | State::Off) && cpu.is_runnable());
        // One interrupt wakes one CPU, all but at boot. The first look may come before the host has noticed.
        if turn.resumed != before || (look > 0 && !woken()) {
            return;
        }
        drop(turn);
        host::nap();
    }
}
