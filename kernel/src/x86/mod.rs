//! The machine: every instruction, register and device that Rust has no word for.
//!
//! All of it is private to the machine layer: what the rest of the kernel sees are safe functions, and a
//! handful of unsafe ones whose duties are written down ([`switch::enter_user`] above all).
//!
//! # Safety
//!
//! What every unsafe block below here may take for granted:
//!
//! 1. The code runs in ring 0 with flat 4 GiB segments.
//! 2. Interrupts are off, except inside [`instr::sti_hlt_cli`].
//! 3. Physical memory up to 256 MiB is mapped read-write at `KERNBASE`, from the first instruction of `kmain`
//!    on and in every address space.
//! 4. Nobody but this module touches the devices it drives, nor physical page 7, where other CPUs start.
//! 5. Each CPU has a kernel stack of its own, and only that CPU runs on it.
//!
//! Neighbours: `crate::kmain`, `crate::ap_main` and `crate::trap::trap_from_kernel` are called from here;
//! `crate::mm::kernel_map::map_device` gives device registers an address.

#![allow(unsafe_code, reason = "this is the one place that may use instructions and devices")]
#![allow(
    clippy::cast_possible_truncation,
    reason = "addresses and registers are 32 bits wide, whatever type they come in"
)]

pub mod acpi;
pub mod ap;
pub mod backtrace;
pub mod boot_info;
pub mod cga;
pub mod delay;
mod double_fault;
pub mod fpu;
pub mod frame;
pub mod gdt;
pub mod idt;
pub mod image;
pub mod instr;
pub mod kbd;
pub mod lapic;
pub mod memory;
pub mod mptable;
mod physical;
pub mod pic;
pub mod qemu;
pub mod serial;
pub mod switch;
mod sysenter;
pub mod user_frame;

/// Where physical memory appears: the kernel address of physical address `p` is `phys_base() + p`.
#[inline]
pub const fn phys_base() -> usize {
    abi::layout::KERNBASE as usize
}

core::arch::global_asm!(
    include_str!("boot.S"),
    kmain = sym crate::kmain,
    BOOT_STACK_SIZE = const 4 * user_frame::BOOT_STACK_WORDS,
    options(att_syntax)
);
core::arch::global_asm!(
    include_str!("stubs.S"),
    include_str!("sysenter.S"),
    trap_from_kernel = sym crate::trap::trap_from_kernel,
    KERNEL_DATA = const abi::layout::GD_KD,
    T_SYSCALL = const abi::syscall::T_SYSCALL,
    T_NMI = const abi::trap::T_NMI,
    T_DEBUG = const abi::trap::T_DEBUG,
    KERNEL_CODE = const abi::layout::GD_KT,
    USER_CODE = const abi::layout::GD_UT | 3,
    USER_DATA = const abi::layout::GD_UD | 3,
    FRAME_SIZE = const frame::TrapFrame::SIZE,
    KERNEL_ESP = const frame::KERNEL_ESP,
    ENV_ID = const frame::ENV_ID,
    STACK_RESERVE = const frame::STACK_RESERVE,
    TSS = sym gdt::TSS,
    TSS_SHIFT = const gdt::TSS_SHIFT,
    GD_TSS0 = const abi::layout::GD_TSS0,
    GETENVID = const abi::Syscall::Getenvid as u32,
    BIG_LOCK = const sync::big::IS_ON as u32,
    FRAME_EBP = const core::mem::offset_of!(frame::TrapFrame, regs.ebp),
    FRAME_EIP = const core::mem::offset_of!(frame::TrapFrame, eip),
    FRAME_CS = const core::mem::offset_of!(frame::TrapFrame, cs),
    options(att_syntax)
);
