//! The contract between the kernel and its programs.
//!
//! Everything a program compiled from the original JOS C sources relies on is here: system-call
//! numbers, error codes, the address map, the records published read-only at [`layout::UENVS`] and
//! [`layout::UPAGES`], page-table bits, and the frame of a user page-fault upcall. The layout is
//! asserted at compile time, since `envs[i]` arithmetic is compiled into those programs.
//!
//! The kernel enforces this contract and `ulib` re-exports it whole, so both sides read one text.
//! Data only: no `cfg`, no unsafe code, no dependency on either side.
//!
//! Source of all values: MIT 6.828 (2018) `inc/*.h`.

#![no_std]
#![forbid(unsafe_code)]

pub mod env;
pub mod error;
pub mod layout;
pub mod mark;
pub mod page;
pub mod syscall;
pub mod trap;

pub use env::{EnvId, EnvRecord, EnvStatus, NENV};
pub use error::Error;
pub use page::PteFlags;
pub use syscall::Syscall;
pub use trap::{PushRegs, UTrapframe};
