//! The kernel's protocols under `loom`: `cargo test -p model`.
//!
//! What runs are the kernel's own files, included here once more. Around them this crate has what they name: a machine of a
//! few CPUs, each a thread of the checker's, which tries every interleaving of them (with a few preemptions) and lets every
//! load see every value that the order of memory allows. The locks are the checker's; `kernel/sync` has tests of its own for
//! the real ones. Two critical sections of one lock that nothing puts in an order are an error. Interrupts are notifications: a CPU that halts and is never woken is a deadlock, which the checker reports.
//!
//! * [`atomic`]: the words, in the order that x86 keeps and no more; `without`: what the sweeps leave out;
//! * `machine`, `kernel`: the CPUs, the locks, and the parts of the kernel that stand still;
//! * `tests`: what is checked, and what has to be left out of the kernel to see it fail.

#![cfg(test)]
#![deny(unsafe_code)]
#![allow(dead_code, unreachable_pub, missing_docs, reason = "the kernel's files have more than is used here")]

// The kernel's files say `sync` and `abi`, and get what `machine` has of the one, and the other with `env`'s records.
extern crate self as abi;
extern crate self as sync;

use std::panic::Location;

mod atomic;
pub(crate) mod env;
mod kernel;
mod machine;
mod rules;
mod tests;
mod without;

/// As `sync::order` has it.
type Site = &'static Location<'static>;

pub use env::EnvRecord;
pub use interface::{EnvId, EnvStatus, Error, NENV, PteFlags, layout};
pub use kernel::page;
pub(crate) use kernel::{audit, config, cpu, finish, lifecycle, mm, println, smp, syscall, trap, x86};
pub use locks::{Rank, Step, event, lock_order};
pub use machine::{Pair, big, lock_pair, order, trace};
pub use turn::Turn;

#[path = "../../src/syscall/args.rs"]
mod args;
#[path = "../../src/mm/entry.rs"]
pub(crate) mod entry;
#[path = "../../src/env/exit.rs"]
pub(crate) mod exit;
#[path = "../../src/mm/frame.rs"]
pub(crate) mod frame;
#[path = "../../src/idle.rs"]
pub(crate) mod idle;
#[path = "../../src/inject_off.rs"]
pub(crate) mod inject;
#[path = "../../src/syscall/ipc.rs"]
pub(crate) mod ipc;
#[path = "../../src/env/life.rs"]
pub(crate) mod life;
#[path = "../../sync/src/order/noted.rs"]
pub(crate) mod noted;
#[path = "../../src/smp/online.rs"]
pub(crate) mod online;
#[path = "../../src/point.rs"]
pub(crate) mod point;
#[path = "../../sync/src/pointer.rs"]
pub(crate) mod pointer;
#[path = "../../src/poison_off.rs"]
pub(crate) mod poison;
#[path = "../../src/pool.rs"]
pub(crate) mod pool;
#[path = "../../src/presence.rs"]
pub(crate) mod presence;
#[path = "../../src/run_queue.rs"]
pub(crate) mod run_queue;
#[path = "../../src/sched.rs"]
pub(crate) mod sched;
#[path = "../../src/slot_set.rs"]
pub(crate) mod slot_set;
#[path = "../../src/audit/stop.rs"]
pub(crate) mod stop;
#[path = "../../src/audit/tlb.rs"]
pub(crate) mod tlb;
#[path = "../../sync/src/turn.rs"]
mod turn;
#[path = "../../src/watchdog_off.rs"]
pub(crate) mod watchdog;
#[path = "../../src/window_off.rs"]
pub(crate) mod window;
