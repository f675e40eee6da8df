//! Tests of the kernel as a whole, on the host's machine (`host/mod.rs`). Those of one module alone are in that module.
//!
//! [`machine`] boots the kernel and lets one test at a time have it; [`program`] plays programs; [`files`] makes the files
//! and tables that firmware and boot loader would leave. A name like `race_12_…` refers to a row of the table of races in
//! `locking-notes.md`.

mod files;
pub(crate) mod machine;
mod program;

mod audits;
#[cfg(not(feature = "big-lock"))]
mod between;
mod boot;
mod cpus;
mod damaged;
mod env_calls;
mod envs;
mod faults;
mod frames;
mod inject;
mod input;
mod interrupts;
mod ipc;
mod meetings;
mod memory_map;
mod monitor;
mod page_calls;
mod paths;
mod poison;
mod pool;
#[cfg(not(feature = "big-lock"))]
mod prompts;
mod races;
mod screen;
mod sections;
mod serial;
mod shootdown;
mod signals;
mod spaces;
mod start;
mod stops;
mod strangers;
mod user_memory;
