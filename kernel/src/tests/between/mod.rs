//! What another CPU does in the midst of a call. Each point that the caller's CPU passes, and each step that it takes with a lock,
//! is tried in turn: there the other CPU goes first, until it is through or has to wait for a lock.

mod lives;
mod pages;
mod turns;

use std::sync::atomic::Ordering;
use std::thread;

use abi::layout::{PGSIZE, UTEMP};
use abi::{EnvId, Error, Syscall};

use super::machine::{self, record};
use super::program::{self, wait_for};
use crate::env::life::Tenancy;
use crate::env::table;
use crate::window;
use crate::x86::{gdt, jitter};

/// More moments than any call has.
const MANY: u32 = 2000;

/// Does `act`, and at its `nth` point or step of a lock `meanwhile`, on CPU 1, until that is over or has to wait for this CPU.
/// Says whether there are so many. In any case both are over when this returns.
fn between(nth: u32, meanwhile: impl FnOnce() + Send, act: impl FnOnce()) -> bool {
    window::watch(0);
    jitter::let_go_first(nth);
    thread::scope(|scope| {
        scope.spawn(|| {
            gdt::become_cpu(1);
            if jitter::await_turn() {
                let _back = GivesBack;
                meanwhile();
            }
        });
        let _over = GivesUp;
        act();
        jitter::went_first()
    })
}

/// Lets the first CPU go on, also if what the other one does fails.
struct GivesBack;

impl Drop for GivesBack {
    fn drop(&mut self) {
        jitter::give_back();
    }
}

/// Lets the other thread end, also if what the first one does fails.
struct GivesUp;

impl Drop for GivesUp {
    fn drop(&mut self) {
        jitter::went_first();
    }
}

/// Calls `once` with each moment, until it says that there is none.
fn each_moment(once: impl FnMut(u32) -> bool) {
    let count = (0..MANY).map(once).take_while(|came| *came).count() as u32;
    assert!((1..MANY).contains(&count), "{count} moments");
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
