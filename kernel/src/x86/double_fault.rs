//! Double faults, on a stack of their own.
//!
//! When a kernel stack overflows into its guard page, the page fault can't be pushed: the CPU turns it into a double
//! fault, which can't be pushed either, and would reset the machine without a word. So vector 8 is a task gate. The CPU
//! saves all registers in its own TSS and loads those of the TSS here: a fresh stack, which `mm` has mapped before any CPU
//! loads the table, and [`double_fault`].
//!
//! There is one such TSS for all CPUs. The handler never returns, so a second CPU with the same misfortune resets the
//! machine after all. Intel SDM vol. 3 §6.12.2 (task gates), §7.3 (task switching).

use core::arch::asm;

use abi::PushRegs;
use abi::layout::{GD_KD, GD_KT, GD_TSS0, GD_UD};
use abi::trap::T_DBLFLT;

use super::frame::TrapFrame;
use super::gdt::{self, Tss};
use super::instr;
use crate::config::NCPU;
use crate::mm::kernel_map;

/// The selector of the TSS here: behind those of the CPUs.
pub(super) const SELECTOR: u16 = GD_TSS0 + 8 * NCPU as u16;

/// Words of a TSS, by index.
const LINK: usize = 0;
const CR3: usize = 7;
const EIP: usize = 8;
const EFLAGS: usize = 9;
/// EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI.
const REGISTERS: usize = 10;
/// ES, CS, SS, DS, FS, GS.
const SEGMENTS: usize = 18;

/// The bit of EFLAGS that is always set.
const EFLAGS_FIXED: u32 = 0x2;

static TSS: Tss = Tss::new();

/// Fills the TSS and its descriptor. Once, before the gate can be used.
pub(super) fn init() {
    TSS.set(EIP, double_fault as *const () as u32);
    TSS.set(EFLAGS, EFLAGS_FIXED);
    // The CPU pushes an error code; what is left aligns the stack as after a call.
    TSS.set(REGISTERS + 4, kernel_map::stack_top(kernel_map::FAULT_STACK));
    let (code, data, user) = (GD_KT.into(), GD_KD.into(), u32::from(GD_UD | 3));
    for (i, selector) in [data, code, data, data, user, user].into_iter().enumerate() {
        TSS.set(SEGMENTS + i, selector);
    }
    gdt::set_tss(SELECTOR, &TSS);
}

/// Tells in which address space to report: the kernel's own, at physical address `directory`.
pub(super) fn set_directory(directory: u32) {
    TSS.set(CR3, directory);
}

/// Where the CPU goes. The error code, 0, is where a caller's return address would be: back-traces end.
extern "C" fn double_fault() -> ! {
    // The task register still names the TSS here. Give this CPU its own back, or it would not know who it is.
    let [low, high, ..] = TSS.get(LINK).to_le_bytes();
    let own = u16::from_le_bytes([low, high]);
    leave_nested_task();
    gdt::reload_task_register(own);

    let tss = gdt::tss(gdt::cpu_index());
    let [eax, ecx, edx, ebx, esp, ebp, esi, edi] = core::array::from_fn(|i| tss.get(REGISTERS + i));
    let [es, cs, ss, ds] = core::array::from_fn(|i| tss.get(SEGMENTS + i));
    let mut frame = TrapFrame {
        regs: PushRegs { edi, esi, ebp, oesp: esp, ebx, edx, ecx, eax },
        es,
        ds,
        trapno: T_DBLFLT,
        err: 0,
        eip: tss.get(EIP),
        cs,
        eflags: tss.get(EFLAGS),
        esp,
        ss,
    };
    crate::trap::trap_from_kernel(&mut frame);
    instr::halt_forever()
}

/// Clears NT, which makes `iret` switch tasks.
fn leave_nested_task() {
    // SAFETY: interrupts stay off; no other flag matters to Rust than DF, which stays clear.
    unsafe { asm!("push {}", "popfd", in(reg) EFLAGS_FIXED) };
}
