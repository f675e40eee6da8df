//! The user library: what a program for this kernel is written with.
#![no_std]
#![allow(
    clippy::cast_possible_truncation,
    reason = "addresses and lengths have 32 bits here"
)]

mod print;
pub mod raw;
mod start;
mod sys;

pub use abi::*;
pub use print::{cputchar, vcprintf};
pub use start::{Args, exit};
pub use sys::*;

/// A pointer as the word a system call wants.
pub fn address<T>(pointer: *const T) -> u32 {
    pointer.addr() as u32
}
