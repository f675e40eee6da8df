//! The interrupt descriptor table: 256 gates to the stubs in `stubs.S`.
//!
//! All but one are interrupt gates, since the kernel runs with interrupts off; a double fault switches tasks instead.
//! Programs may raise the breakpoint and the system call; any other `int` is a general protection fault. Intel SDM
//! vol. 3 §6.11; JOS: `kern/trap.c`.

use core::sync::atomic::{AtomicU32, Ordering};

use abi::layout::GD_KT;
use abi::syscall::T_SYSCALL;
use abi::trap::{T_BRKPT, T_DBLFLT};
use x86::dtables::{DescriptorTablePointer, lidt};

use super::double_fault;

/// Upper word of a present 32-bit interrupt gate of DPL 0.
const INTERRUPT_GATE: u32 = 0x8e00;
/// Upper word of a present task gate of DPL 0.
const TASK_GATE: u32 = 0x8500;
/// Privilege level 3 in a gate.
const DPL_USER: u32 = 3 << 13;

#[repr(C, align(8))]
struct Idt([[AtomicU32; 2]; 256]);

static IDT: Idt = Idt([const { [AtomicU32::new(0), AtomicU32::new(0)] }; 256]);

// `stubs.S` defines it so, in read-only memory.
unsafe extern "C" {
    safe static trap_stubs: [u32; 256];
}

/// Fills the table. Once, before any CPU calls [`load`].
pub fn init() {
    for (vector, (gate, stub)) in (0u32..).zip(IDT.0.iter().zip(&trap_stubs)) {
        let user = vector == T_BRKPT || vector == u32::from(T_SYSCALL);
        let dpl = if user { DPL_USER } else { 0 };
        gate[0].store(u32::from(GD_KT) << 16 | stub & 0xffff, Ordering::Relaxed);
        gate[1].store(stub & 0xffff_0000 | INTERRUPT_GATE | dpl, Ordering::Relaxed);
    }
    double_fault::init();
    let gate = &IDT.0[T_DBLFLT as usize];
    gate[0].store(u32::from(double_fault::SELECTOR) << 16, Ordering::Relaxed);
    gate[1].store(TASK_GATE, Ordering::Relaxed);
}

/// Makes this CPU use the table. On each CPU, after `gdt::init_cpu`.
pub fn load() {
    let pointer = DescriptorTablePointer::new(&IDT.0);
    // SAFETY: the table is static, and every gate leads to a stub that keeps to the frame's layout.
    unsafe { lidt(&pointer) };
}
