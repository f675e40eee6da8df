//! The machine on the host: what `x86` is in the kernel, made of threads and memory, so that tests run the rest.
//!
//! A thread plays a CPU ([`gdt::become_cpu`]). Physical memory is a block of the host's ([`memory`]), each CPU has the few
//! registers that matter ([`registers`]), and ports lead to a serial line, a screen, a keyboard and a switch ([`ports`]). What of
//! `x86` is arithmetic, or talks only to memory and ports, is the kernel's own file. User mode is what a test does between
//! two calls.
//!
//! Chosen in `lib.rs`, in place of `x86`, whenever the target is a hosted one.

#![allow(unsafe_code, reason = "the block of memory is reached by address, as in the machine")]

mod absent;
#[path = "../x86/acpi.rs"]
pub mod acpi;
#[path = "../x86/boot_info.rs"]
pub mod boot_info;
#[path = "../x86/cga.rs"]
pub mod cga;
pub mod delay;
#[path = "../x86/frame.rs"]
pub mod frame;
pub mod gdt;
pub mod image;
pub mod instr;
pub mod jitter;
#[path = "../x86/kbd.rs"]
pub mod kbd;
pub mod lapic;
pub mod memory;
#[path = "../x86/mptable.rs"]
pub mod mptable;
#[path = "../x86/physical.rs"]
mod physical;
#[path = "../x86/pic.rs"]
pub mod pic;
pub mod ports;
#[path = "../x86/qemu.rs"]
pub mod qemu;
pub mod registers;
#[path = "../x86/serial.rs"]
pub mod serial;
pub mod user_frame;

pub use absent::{ap, backtrace, fpu, idt};
pub use memory::base as phys_base;

/// The ways into the kernel that a machine must have. A test takes them one call at a time instead.
const _: extern "C" fn(u32, u32) -> ! = crate::kmain;
const _: extern "C" fn(u32) -> ! = crate::ap_main;
