//! The user library: what a program for this kernel is written with.
//!
//! ```ignore
//! //! A whole program: the child sees the parent's memory as it was, and says so.
//! #![no_std]
//! #![no_main]
//! use ulib::{Args, SELF, cprintf, fork, sys_getenvid};
//!
//! ulib::entry!(main);
//!
//! fn main(_: Args) {
//!     let who = if fork().unwrap() == SELF { "child" } else { "parent" };
//!     cprintf!("{who} {}\n", sys_getenvid());
//! }
//! ```
//!
//! Names are JOS's, so its course text and sources serve as a manual; what changed is that errors are
//! [`Result`]s and that hand-mapped memory is a [`Page`]. The contract with the kernel, crate `abi`, is
//! re-exported whole.
//!
//! A program has one page of stack and one of exception stack. It holds no locks, and the only globals
//! are the program's name and its page-fault handler.
//!
//! `unsafe` is confined to [`raw`] and `registers` (the trap), [`mark`], `start`, `page_fault`, `fork`, `vpt` and `hand`.

#![no_std]
#![deny(unsafe_code)]
#![allow(clippy::cast_possible_truncation, reason = "addresses and lengths have 32 bits here")]

mod console;
#[allow(unsafe_code, reason = "copies pages while it replaces them")]
mod fork;
#[allow(unsafe_code, reason = "reads and writes pages by address")]
mod hand;
mod ipc;
#[allow(unsafe_code, reason = "executes an instruction that does nothing")]
pub mod mark;
#[allow(unsafe_code, reason = "is entered by the kernel")]
mod page_fault;
mod print;
#[allow(unsafe_code, reason = "traps into the kernel")]
pub mod raw;
#[allow(unsafe_code, reason = "traps into the kernel")]
mod registers;
#[allow(unsafe_code, reason = "is entered by the kernel")]
mod start;
mod sys;
#[allow(unsafe_code, reason = "reads the kernel's read-only windows")]
mod vpt;

pub use abi::*;
pub use console::{getchar, readline};
pub use fork::{fork, sfork};
pub use hand::{Page, READ, WORDS, WRITE};
pub use ipc::{Message, ipc_find_env, ipc_recv, ipc_send, ipc_try_send};
pub use page_fault::{_pgfault_upcall, Handler, pgfault_upcall, set_pgfault_handler};
pub use print::{cputchar, vcprintf};
pub use registers::Registers;
pub use start::{Args, exit};
pub use sys::*;
pub use vpt::{alive, envs, flags_at, page_info, record, thisenv, uvpd, uvpt, wait};

/// A pointer as the word a system call wants.
pub fn address<T>(pointer: *const T) -> u32 {
    pointer.addr() as u32
}
