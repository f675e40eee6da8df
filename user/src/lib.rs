//! What several programs share.
//!
//! A program is one file in `bin/`; this crate has only what two or more of them need.

#![no_std]
#![allow(clippy::cast_possible_truncation, reason = "addresses and lengths have 32 bits here")]

pub mod bench;
pub mod canary;
pub mod fault_alloc;
pub mod fork_tree;
pub mod fuzz;
pub mod hostile;
pub mod race;
pub mod roll;
pub mod stress;

pub use ::fuzz::rng;
