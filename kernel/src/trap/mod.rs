//! Why an env stopped running, and what to do about it.
//!
//! [`handle`] is for traps from user mode, [`trap_from_kernel`] for those from the kernel: interrupts while idle, and bugs.

pub mod dump;
pub mod irq;
pub mod page_fault;

use abi::trap::{IRQ_OFFSET, T_BRKPT, T_DBLFLT, T_DEVICE, T_PGFLT};
use sync::event::Event;

use crate::env::{Current, exit};
use crate::run::Next;
use crate::x86::fpu;
use crate::x86::frame::TrapFrame;
use crate::{debug_options, monitor, panic, syscall};

const T_SYSCALL: u32 = abi::syscall::T_SYSCALL as u32;
const T_NMI: u32 = abi::trap::T_NMI;
/// Programs can raise none of these by themselves but the system call: see `x86::idt`.
const LAST_VECTOR: u32 = 255;

/// Handles a trap of the env on this CPU.
pub fn handle(current: &mut Current<'_>) -> Next {
    sync::trace::note(Event::Trap(current.frame.trapno as u8));
    // By far the most frequent, so it does not go by the table that the rest becomes.
    if current.frame.trapno == T_SYSCALL { syscall::dispatch(current) } else { handle_other(current) }
}

#[inline(never)]
fn handle_other(current: &mut Current<'_>) -> Next {
    match current.frame.trapno {
        T_PGFLT => page_fault::handle(current),
        T_DEVICE if fpu::load(current.slot()) => Next::Same,
        T_BRKPT => {
            monitor::breakpoint(current);
            Next::Same
        }
        vector @ IRQ_OFFSET..=LAST_VECTOR => irq::handle(vector as u8, current),
        _ => kill(current, None),
    }
}

/// Kills the env for a trap that nobody handles: the dump, then the end. `fault_va` goes with a page fault.
pub fn kill(current: &mut Current<'_>, fault_va: Option<u32>) -> Next {
    dump::incoming(current, fault_va);
    exit::destroy_current(current);
    Next::Other
}

/// A trap in the kernel itself, or an NMI anywhere. Called by the assembly in `x86`, with the frame on the current stack.
pub extern "C" fn trap_from_kernel(frame: &mut TrapFrame) {
    if frame.trapno == T_NMI {
        // In the middle of anything, so it touches nothing that others use.
        return nmi((!frame.from_user()).then_some(frame));
    }
    sync::trace::note(Event::Trap(frame.trapno as u8));
    match frame.trapno {
        vector @ IRQ_OFFSET..=LAST_VECTOR => irq::handle_idle(vector as u8),
        T_PGFLT => panic::kernel_trap(frame, "page fault in kernel"),
        T_DBLFLT => panic::kernel_trap(frame, "double fault: a kernel stack has probably overflowed"),
        _ => panic::kernel_trap(frame, "unhandled trap in kernel"),
    }
}

/// An interrupt that no CPU can put off: another one reports the end of the kernel. Nobody else sends one, and any other is
/// overlooked. `frame` is what it interrupted if that was the kernel.
fn nmi(frame: Option<&TrapFrame>) {
    debug_options::nmi_came(frame);
    panic::stop_if_panicking(frame);
}
