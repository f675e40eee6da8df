//! The floating-point registers: saved when an env that used them leaves its CPU, loaded when it uses them again.
//!
//! While CR0.TS is set, the first floating-point instruction traps (Intel SDM vol. 3 §13.4.1), so an env that uses none
//! costs nothing, and one env never sees another's registers nor its pending exceptions. The kernel itself is built
//! without floating point.
//!
//! An env's area belongs to the CPU the env is on, or to whoever is making the env. On a CPU without FXSAVE the trap
//! stays fatal.

use core::arch::asm;
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, Ordering};

use abi::NENV;
use x86::controlregs::{self, Cr0, Cr4};

use super::gdt;
use crate::config::NCPU;

/// What FXSAVE writes (Intel SDM vol. 1 §10.5.1).
#[repr(C, align(16))]
struct Area(UnsafeCell<[u8; 512]>);

// SAFETY: an area is touched only by the CPU its env is on, or by the one that makes the env: never by two at once.
unsafe impl Sync for Area {}

static AREAS: [Area; NENV] = [const { Area(UnsafeCell::new([0; 512])) }; NENV];
/// Whether a CPU's registers hold the state of the env on it.
static LIVE: [AtomicBool; NCPU] = [const { AtomicBool::new(false) }; NCPU];

/// FCW: all exceptions masked, 64-bit precision. MXCSR: all exceptions masked. What FNINIT and reset leave.
const INITIAL_FCW: u16 = 0x037f;
const INITIAL_MXCSR: u32 = 0x1f80;
const MXCSR_AT: usize = 24;

/// Prepares this CPU: SSE instructions are allowed, the first use traps.
pub fn init_cpu() {
    if is_usable() {
        // SAFETY: reading it has no effect.
        let cr4 = unsafe { controlregs::cr4() };
        // SAFETY: says that the operating system saves SSE registers and handles their exceptions, as it does.
        unsafe { controlregs::cr4_write(cr4 | Cr4::CR4_ENABLE_SSE | Cr4::CR4_UNMASKED_SSE) };
    }
    make_next_use_trap();
}

/// Gives a new env in `slot` the registers of a reset processor. The caller must be making the env.
pub fn reset(slot: usize) {
    let mut image = [0; 512];
    image[..2].copy_from_slice(&INITIAL_FCW.to_le_bytes());
    image[MXCSR_AT..MXCSR_AT + 4].copy_from_slice(&INITIAL_MXCSR.to_le_bytes());
    // SAFETY: the caller's until the env is on a CPU.
    unsafe { *AREAS[slot].0.get() = image };
}

/// Gives a new env in `child` the registers of the env in `parent`, which is on this CPU.
pub fn inherit(parent: usize, child: usize) {
    if LIVE[gdt::cpu_index()].load(Ordering::Relaxed) {
        save(child);
    } else {
        // SAFETY: the parent is on this CPU.
        let image = unsafe { *AREAS[parent].0.get() };
        // SAFETY: the child is being made by this CPU.
        unsafe { *AREAS[child].0.get() = image };
    }
}

/// Answers the trap of the env in `slot` on its first floating-point instruction. False if there is nothing to load
/// registers with.
pub fn load(slot: usize) -> bool {
    let live = &LIVE[gdt::cpu_index()];
    if !is_usable() || live.load(Ordering::Relaxed) {
        return false;
    }
    set_cr0(|cr0| cr0 - Cr0::CR0_TASK_SWITCHED);
    // SAFETY: the area is aligned, this CPU's as long as the env is on it, and was written by `reset` or FXSAVE, so no
    // reserved bit of MXCSR is set.
    unsafe { asm!("fxrstor [{}]", in(reg) AREAS[slot].0.get(), options(nostack)) };
    live.store(true, Ordering::Relaxed);
    true
}

/// Takes the registers of the env in `slot` off this CPU, if it used them.
pub fn leave(slot: usize) {
    let live = &LIVE[gdt::cpu_index()];
    if live.swap(false, Ordering::Relaxed) {
        save(slot);
        make_next_use_trap();
    }
}

fn save(slot: usize) {
    // SAFETY: the area is aligned and this CPU's, see above; TS is clear, since the registers are live.
    unsafe { asm!("fxsave [{}]", in(reg) AREAS[slot].0.get(), options(nostack)) };
}

fn make_next_use_trap() {
    set_cr0(|cr0| cr0 | Cr0::CR0_TASK_SWITCHED);
}

/// Changes whether floating-point instructions trap.
fn set_cr0(change: impl FnOnce(Cr0) -> Cr0) {
    // SAFETY: reading it has no effect.
    let cr0 = unsafe { controlregs::cr0() };
    // SAFETY: only TS is changed, and the kernel has no floating-point instructions but those in this file.
    unsafe { controlregs::cr0_write(change(cr0)) };
}

fn is_usable() -> bool {
    const FXSR: u32 = 1 << 24;
    core::arch::x86::__cpuid(1).edx & FXSR != 0
}
