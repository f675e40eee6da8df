//! The kernel's locks, the order they are taken in, and the checker of that order.
//!
//! Read `rank.rs` first: it is the lock order, with reasons. Then `spinlock.rs` (the lock and its
//! guard), `pair.rs` (two locks of one class), `order.rs` (what a debug build checks) and
//! `order/report.rs` (what it says). `raw*.rs` hold the few atomic operations under all of it.
//!
//! This crate is the only place that knows about build modes. Each mode is a pair of files with
//! the same names in them, chosen below, so that no other line of the kernel carries a `cfg`:
//!
//! | choice | one way | the other way |
//! |---|---|---|
//! | checks | `order.rs`: every acquisition is checked | `order_off.rs`: empty |
//! | statistics | `stats.rs`: every CPU counts and takes times | `stats_off.rs`: empty |
//! | trace (feature `trace`) | `trace.rs`: events for an emulator | `trace_off.rs`: empty |
//! | stacks of first sightings | `order/trace.rs`: kept | `order/trace_off.rs`: empty |
//! | big lock (feature `big-lock`) | `big_off.rs`, `raw_fine.rs`: each lock is real | `big.rs`, `raw_big.rs`: one real lock |
//! | queueing (feature `ticket`) | `raw.rs`: whoever is first | `raw_ticket.rs`: first come, first served |
//! | sweep (feature `sweep`) | `sweep_off.rs`: every lock is taken | `sweep.rs`: one is left out, to see which test notices |
//!
//! The first three make four modes, each a feature; the default is `order` with debug assertions and else `off`:
//!
//! | mode | checks | statistics | stacks |
//! |---|---|---|---|
//! | `off` | | | |
//! | `stats` | | yes | |
//! | `order` | yes | | |
//! | `full` | yes | yes | yes |
//!
//! What the locks need from the CPU comes in through [`Machine`], so all of this also runs on the
//! host, where a thread plays a CPU; see `tests/`.
#![no_std]
#![deny(unsafe_code)]

mod atomic;
#[cfg_attr(not(feature = "big-lock"), path = "big_off.rs")]
pub mod big;
#[allow(dead_code, reason = "the queueing lock has no use for it")]
#[cfg_attr(all(test, feature = "model"), path = "bit_model.rs")]
mod bit;
pub mod event;
mod gate;
mod machine;
#[cfg(all(test, feature = "model"))]
mod model;
#[cfg_attr(
    not(any(
        feature = "order",
        feature = "full",
        all(debug_assertions, not(feature = "off"), not(feature = "stats"))
    )),
    path = "order_off.rs"
)]
pub mod order;
mod pair;
#[allow(dead_code, reason = "only some modes keep references")]
mod pointer;
pub mod rank;
#[cfg_attr(feature = "ticket", path = "raw_ticket.rs")]
mod raw;
#[cfg_attr(not(feature = "big-lock"), path = "raw_fine.rs")]
#[cfg_attr(feature = "big-lock", path = "raw_big.rs")]
mod raw_inside;
mod spinlock;
#[cfg_attr(not(any(feature = "stats", feature = "full")), path = "stats_off.rs")]
pub mod stats;
#[cfg_attr(not(feature = "sweep"), path = "sweep_off.rs")]
pub mod sweep;
#[cfg_attr(not(feature = "trace"), path = "trace_off.rs")]
pub mod trace;
mod turn;

pub use machine::{MAX_CPUS, Machine, Step};
pub use pair::{Pair, lock_pair};
pub use rank::Rank;
pub use spinlock::{Guard, Pin, SpinLock};
pub use turn::Turn;
