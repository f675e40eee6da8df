//! What another CPU does between two sections of a call. Each moment at which the caller's CPU has let go of all its locks is
//! tried in turn: whatever was found out under them may be wrong from there on.

mod lives;
mod pages;
mod turns;

use std::sync::atomic::Ordering;

use abi::layout::{PGSIZE, UTEMP};
use abi::{EnvId, Error, Syscall};

use super::machine::{self, record};
use super::program::{self, wait_for};
use crate::env::life::Tenancy;
use crate::env::{exit, table};
use crate::window;
use crate::x86::jitter;

/// More moments than any call has.
const MANY: u32 = 30;

/// Does `act`, and at its `nth` moment without a lock `meanwhile`, in the place of CPU 1. Says whether it has so many.
fn between(nth: u32, meanwhile: impl FnOnce() + 'static, act: impl FnOnce()) -> bool {
    window::watch(0);
    jitter::at_moment(nth, meanwhile);
    act();
    jitter::has_come()
}

/// Calls `once` with each moment, until it says that there is none; how many there are.
fn each_moment(mut once: impl FnMut(u32) -> bool) -> u32 {
    let count = (0..MANY).take_while(|&nth| once(nth)).count() as u32;
    assert!((1..MANY).contains(&count), "{count} moments");
    count
}

fn destroy(id: EnvId) {
    let life = table::env(id.slot()).life.lock();
    if life.is(id) && life.tenancy == Tenancy::Live {
        exit::destroy(life, EnvId::NONE);
    }
}

/// Whether an env that never ran is as it was made.
fn is_untouched(id: EnvId) -> bool {
    let env = table::env(id.slot());
    let life = env.life.lock();
    let lives = life.is(id) && life.tenancy == Tenancy::Live && life.frozen && !life.receiving && !life.patient;
    drop(life);
    let record = record(id);
    let words = [&record.pgfault_upcall, &record.ipc_value, &record.ipc_from, &record.ipc_perm];
    let written = words.into_iter().any(|word| word.load(Ordering::Relaxed) != 0);
    let mapped = [UTEMP, UTEMP + PGSIZE].into_iter().any(|va| env.space.lock().lookup(va).is_some());
    lives && !written && !mapped
}

/// What somebody asks for who is queued somewhere.
fn ask(who: EnvId, call: Syscall, arguments: &[u32]) -> Result<u32, Error> {
    let mut program = wait_for(who);
    let answer = program.call(call, arguments);
    program.leave();
    answer
}
