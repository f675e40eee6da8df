//! The way out of a deadlock between our order and QEMU's own waits.
//!
//! A CPU whose turn it is not waits inside a block. If QEMU wants all CPUs out of their blocks (to throw away translated
//! code, say), it waits for them, and they for their turn. When nothing has moved for a while and no thread could run,
//! every CPU that waits executes one block out of turn, at whose end QEMU can have it. Counted: many of them, and the
//! result is worth nothing.

use std::thread;
use std::time::Duration;

use crate::cpu::State;
use crate::{host, turn};

const INTERVAL: Duration = Duration::from_millis(20);

/// Starts the watchdog's thread.
pub(crate) fn start() {
    thread::spawn(move || {
        let mut before = 0;
        loop {
            thread::sleep(INTERVAL);
            let progress = progress();
            // If a thread could run, the host has other things to do, that is all.
            if progress == before && !host::others_run() {
                release();
            }
            before = progress;
        }
    });
}

fn progress() -> u64 {
    let turn = turn::lock();
    turn.cpus().map(|(_, cpu)| cpu.now.get()).fold(turn.turns + turn.forced, u64::wrapping_add)
}

fn release() {
    let mut turn = turn::lock();
    for (index, cpu) in turn.cpus() {
        let waits =
            if turn.is_holder(index) { turn.paused } else { matches!(cpu.state(), State::Ready | State::Parked) };
        if waits {
            turn.forced += 1;
            cpu.let_go();
            cpu.call();
        }
    }
}
