//! The host tool: builds, boots, tests, stresses and measures the kernel.
//!
//! People start it as `scripts/jos`. One file a sub-command (`run`, `test`, `stress`, `fuzz`, `mutants`, `bench`,
//! `iso`, `build`, `doc`, `check`); the others serve them. Two kinds of knowledge have exactly one place each:
//! [`qemu`] knows QEMU's flags, [`kernel_build`] knows how kernels and programs are built. A library
//! besides a program so that the QEMU tests in `tests/` boot the kernel the way `run` does.

#![forbid(unsafe_code)]

pub mod bench;
pub mod build;
pub mod check;
pub mod conflicts;
pub mod crosscheck;
mod debug_info;
pub mod doc;
pub mod fuzz;
pub mod guest;
pub mod interrupt;
pub mod iso;
pub mod kernel_build;
pub mod lockgraph;
pub mod monitor;
pub mod mutants;
pub mod options;
pub mod outcome;
pub mod paths;
pub mod price;
pub mod programs;
pub mod progress;
pub mod qemu;
pub mod rig;
pub mod run;
pub mod serial;
pub mod session;
pub mod stress;
mod stress_run;
mod stress_soak;
mod svg;
pub mod symbols;
mod terminal;
pub mod test;
pub mod test_program;
pub mod toolchain;
pub mod trace;
