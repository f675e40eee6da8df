//! The floating-point registers: saved when an env that used them leaves its CPU, loaded when it uses them again.
//!
//! While CR0.TS is set, the first floating-point instruction traps (Intel SDM vol. 3 §13.4.1), so an env that uses none
//! costs nothing, and one env never sees another's registers nor its pending exceptions. The kernel itself is built
//! without floating point; it borrows XMM0 and XMM1 to fill and compare pages ([`lend`]).
//!
//! An env's area belongs to the CPU the env is on, or to whoever is making the env. On a CPU without FXSAVE the trap
//! stays fatal.

use core::arch::asm;
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, Ordering};

use abi::NENV;
use crossbeam_utils::CachePadded;
use x86::controlregs::{self, Cr0, Cr4};

use super::gdt;
use crate::config::NCPU;
use crate::cpu;

/// What FXSAVE writes (Intel SDM vol. 1 §10.5.1).
type Image = [u8; 512];

/// An env's registers while they are on no CPU, in cache lines of their own.
#[repr(C, align(64))]
struct Area {
    image: UnsafeCell<Image>,
    /// Whether the image counts. Until the env has used the registers they are those of a reset processor.
    used: AtomicBool,
}

// SAFETY: an area is touched only by the CPU its env is on, or by the one that makes the env: never by two at once.
unsafe impl Sync for Area {}

static AREAS: [Area; NENV] = [const { Area { image: UnsafeCell::new([0; 512]), used: AtomicBool::new(false) } }; NENV];
/// What is loaded for an env that has not used the registers. Never written.
static INITIAL: Area = Area { image: UnsafeCell::new(initial_image()), used: AtomicBool::new(true) };
/// Whether a CPU's registers hold the state of the env on it.
static LIVE: [CachePadded<AtomicBool>; NCPU] = [const { CachePadded::new(AtomicBool::new(false)) }; NCPU];
/// Whether SSE instructions work: from [`init_cpu`] of the boot CPU on, whose CR4 the others start with.
static SSE: AtomicBool = AtomicBool::new(false);

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
        SSE.store(core::arch::x86::__cpuid(1).edx & HAS_SSE != 0, Ordering::Relaxed);
    }
    make_next_use_trap();
}

/// Runs `f`, which may use XMM0 and XMM1 and must leave them as they were; `None`, and `f` is not run, if there are no such
/// registers.
///
/// The registers may be those of the env on this CPU, or nobody's.
pub(super) fn lend<R>(f: impl FnOnce() -> R) -> Option<R> {
    if !SSE.load(Ordering::Relaxed) {
        return None;
    }
    // SAFETY: reading it has no effect.
    let cr0 = unsafe { controlregs::cr0() };
    let traps = cr0.contains(Cr0::CR0_TASK_SWITCHED);
    if traps {
        // SAFETY: set again below, before any program can run.
        unsafe { asm!("clts", options(nomem, nostack, preserves_flags)) };
    }
    let result = f();
    if traps {
        // SAFETY: what it was.
        unsafe { controlregs::cr0_write(cr0) };
    }
    Some(result)
}

/// Gives a new env in `slot` the registers of a reset processor. The caller must be making the env.
pub fn reset(slot: usize) {
    AREAS[slot].used.store(false, Ordering::Relaxed);
}

/// Gives a new env in `child` the registers of the env in `parent`, which is on this CPU.
pub fn inherit(parent: usize, child: usize) {
    cpu::assert_runs(parent);
    let used = AREAS[parent].used.load(Ordering::Relaxed);
    if LIVE[gdt::cpu_index()].load(Ordering::Relaxed) {
        save(child);
    } else if used {
        // SAFETY: the parent is on this CPU.
        let image = unsafe { *AREAS[parent].image.get() };
        // SAFETY: the child is being made by this CPU.
        unsafe { *AREAS[child].image.get() = image };
    }
    AREAS[child].used.store(used, Ordering::Relaxed);
}

/// Answers the trap of the env in `slot` on its first floating-point instruction. False if there is nothing to load
/// registers with.
pub fn load(slot: usize) -> bool {
    cpu::assert_runs(slot);
    let live = &LIVE[gdt::cpu_index()];
    if !is_usable() || live.load(Ordering::Relaxed) {
        return false;
    }
    let from = if AREAS[slot].used.load(Ordering::Relaxed) { &AREAS[slot] } else { &INITIAL };
    set_cr0(|cr0| cr0 - Cr0::CR0_TASK_SWITCHED);
    // SAFETY: the area is aligned, this CPU's as long as the env is on it, or never written, and holds what a reset
    // processor has or FXSAVE wrote, so no reserved bit of MXCSR is set.
    unsafe { asm!("fxrstor [{}]", in(reg) from.image.get(), options(nostack)) };
    AREAS[slot].used.store(true, Ordering::Relaxed);
    live.store(true, Ordering::Relaxed);
    true
}

/// Takes the registers of the env in `slot` off this CPU, if it used them.
pub fn leave(slot: usize) {
    cpu::assert_runs(slot);
    let live = &LIVE[gdt::cpu_index()];
    if live.load(Ordering::Relaxed) {
        live.store(false, Ordering::Relaxed);
        save(slot);
        make_next_use_trap();
    }
}

fn save(slot: usize) {
    // SAFETY: the area is aligned and this CPU's, see above; TS is clear, since the registers are live.
    unsafe { asm!("fxsave [{}]", in(reg) AREAS[slot].image.get(), options(nostack)) };
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

const fn initial_image() -> Image {
    let mut image = [0; 512];
    [image[0], image[1]] = INITIAL_FCW.to_le_bytes();
    [image[MXCSR_AT], image[MXCSR_AT + 1], image[MXCSR_AT + 2], image[MXCSR_AT + 3]] = INITIAL_MXCSR.to_le_bytes();
    image
}

/// Bits of EDX of CPUID leaf 1.
const HAS_FXSAVE: u32 = 1 << 24;
const HAS_SSE: u32 = 1 << 25;

fn is_usable() -> bool {
    core::arch::x86::__cpuid(1).edx & HAS_FXSAVE != 0
}
