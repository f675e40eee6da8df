//! Starting the other CPUs: the trampoline of `ap_boot.S`, and what it looks up.

use core::ptr::addr_of;
use core::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use abi::layout::{KERNBASE, MPENTRY_PADDR, PGSIZE};

use super::frame::STACK_RESERVE;
use super::{delay, instr, lapic};
use crate::config::NCPU;

/// The physical page where the other CPUs start. The frame allocator never hands it out.
const PAGE: u8 = (MPENTRY_PADDR / PGSIZE) as u8;

/// By xAPIC id: the CPU's index; 0 for a CPU that is to stay out.
static INDEX_OF: [AtomicU8; 256] = [const { AtomicU8::new(0) }; 256];
/// By index: top of the CPU's kernel stack.
static STACKS: [AtomicU32; NCPU] = [const { AtomicU32::new(0) }; NCPU];
static CR3: AtomicU32 = AtomicU32::new(0);
static CR4: AtomicU32 = AtomicU32::new(0);

core::arch::global_asm!(
    include_str!("ap_boot.S"),
    index_of = sym INDEX_OF,
    stacks = sym STACKS,
    cr3 = sym CR3,
    cr4 = sym CR4,
    ap_main = sym crate::ap_main,
    reserve = const STACK_RESERVE,
    options(att_syntax)
);

// `ap_boot.S` defines both. Only their addresses are meant.
unsafe extern "C" {
    static ap_boot: u8;
    static ap_boot_end: u8;
}

/// Announces a CPU: `index`, from 1 on, and a mapped kernel stack whose top, 16-byte aligned, is `stack_top`.
pub fn expect(apic_id: u8, index: usize, stack_top: u32) {
    INDEX_OF[usize::from(apic_id)].store(index as u8, Ordering::Relaxed);
    STACKS[index].store(stack_top, Ordering::Relaxed);
}

/// Starts all CPUs that are expected, together. They load the directory at physical address `cr3`, which maps the
/// kernel and their stacks, and call `crate::ap_main`. Returns without waiting for them.
pub fn start_all(cr3: u32) {
    CR3.store(cr3, Ordering::Relaxed);
    CR4.store(instr::read_cr4(), Ordering::Relaxed);
    install();
    // The pauses are Intel's (SDM vol. 3 §9.4.4.1); the instructions that start a CPU also order memory.
    lapic::send_init_to_others();
    delay::microdelay(10_000);
    lapic::send_startup_to_others(PAGE);
    delay::microdelay(200);
}

/// Tells a CPU to start once more: one that has started does not notice.
pub fn start_again(apic_id: u8) {
    lapic::send_startup(apic_id, PAGE);
}

/// Copies the trampoline to its page.
fn install() {
    let from = addr_of!(ap_boot);
    let len = addr_of!(ap_boot_end) as usize - from as usize;
    let page = (KERNBASE + u32::from(PAGE) * 4096) as *mut u8;
    for i in 0..len {
        // SAFETY: between the two symbols, in the kernel's read-only data.
        let byte = unsafe { from.wrapping_add(i).read() };
        // SAFETY: inside page 7, which is nobody else's (the module's assumption 4).
        unsafe { page.wrapping_add(i).write_volatile(byte) };
    }
}
