//! What the fuzzer's programs and the host agree on: random system calls, made from a seed.
//!
//! Two ways to use them. In an *episode* ([`plan`]) a few envs take turns, one call at a time, on one CPU: the host
//! makes the same steps, plays them through its model of the interface, and both answers must agree. In a *crowd*
//! ([`crowd`]) many envs call at once on many CPUs: then only what holds for every order of events can be checked.
//!
//! Data and arithmetic only: no memory, no system call, no allocation, so programs and the host can both have it.

#![no_std]
#![forbid(unsafe_code)]

pub mod crowd;
pub mod edges;
pub mod plan;
pub mod rng;
pub mod step;

pub use rng::Rng;
pub use step::{Action, Step};
