//! One function per instruction that the rest of the kernel needs.
//!
//! All are safe to call: no argument can break Rust's rules, [`load_cr3`] excepted, which relies on `mm` to make
//! only directories that map the kernel.

use core::arch::asm;

pub use super::delay::millis;
use x86::bits32::eflags::{self, EFlags};
use x86::{controlregs, irq, tlb};

/// Points this CPU at the page directory at physical address `directory` and drops its translations, global ones
/// excepted. For `mm`, which sees to it that the directory is one until another is loaded.
#[inline]
pub fn load_cr3(directory: u32) {
    // SAFETY: every directory `mm` makes maps the kernel as the current one does, so this code, its stack and its
    // data stay where they are.
    unsafe { controlregs::cr3_write(u64::from(directory)) };
}

/// The physical address of the current page directory.
#[inline]
pub fn read_cr3() -> u32 {
    // SAFETY: reading it has no effect.
    let value = unsafe { controlregs::cr3() };
    value as u32 & !0xfff
}

/// This CPU's extensions switched on, for the others to switch on as well.
pub(super) fn read_cr4() -> u32 {
    // SAFETY: reading it has no effect.
    let value = unsafe { controlregs::cr4() };
    value.bits() as u32
}

/// The address whose access caused the last page fault on this CPU.
#[inline]
pub fn read_cr2() -> u32 {
    // SAFETY: reading it has no effect.
    let value = unsafe { controlregs::cr2() };
    value as u32
}

/// Lets kernel page tables use global pages ([`abi::PteFlags::G`]) on this CPU. The other CPUs take it over
/// from the one that starts them.
pub fn enable_global_pages() {
    // SAFETY: reading it has no effect.
    let cr4 = unsafe { controlregs::cr4() };
    // SAFETY: global pages change when translations are dropped, not what they are.
    unsafe { controlregs::cr4_write(cr4 | controlregs::Cr4::CR4_ENABLE_GLOBAL_PAGES) };
}

/// Drops this CPU's translation of the page that holds `va`.
#[inline]
pub fn invlpg(va: u32) {
    // SAFETY: dropping a translation costs time, nothing else.
    unsafe { tlb::flush(va as usize) };
}

/// Drops this CPU's translations, global ones excepted.
#[inline]
pub fn flush_all() {
    // SAFETY: as for `invlpg`.
    unsafe { tlb::flush_all() };
}

/// Whether this CPU takes interrupts.
#[inline]
pub fn interrupts_enabled() -> bool {
    // SAFETY: pushes and pops one word.
    let flags = unsafe { eflags::read() };
    flags.contains(EFlags::FLAGS_IF)
}

/// Interrupts off.
#[inline]
pub fn cli() {
    // SAFETY: the kernel runs with interrupts off anyway.
    unsafe { irq::disable() };
}

/// Sleeps until an interrupt has been handled, then interrupts are off again.
///
/// `sti` takes effect after the next instruction, so an interrupt that is already pending ends the `hlt`: a
/// wake-up between the caller's last look for work and the sleep is not lost (Intel SDM vol. 2, STI).
#[inline]
pub fn sti_hlt_cli() {
    crate::cpu::halting();
    // SAFETY: interrupts are handled by `trap_from_kernel` on this stack, which restores all registers. It may
    // write memory, so the block is not `nomem`.
    unsafe { asm!("sti", "hlt", "cli") };
}

/// Tells the CPU, or the emulator, that this is a loop waiting for another CPU.
#[inline]
pub fn pause() {
    core::hint::spin_loop();
}

/// Stops this CPU for good. An NMI wakes it only to halt again.
pub fn halt_forever() -> ! {
    loop {
        // SAFETY: interrupts are off and stay off; nothing is touched.
        unsafe { asm!("cli", "hlt", options(nomem, nostack)) };
    }
}

/// The time-stamp counter, in units of [`super::delay::tsc_khz`].
#[inline]
pub fn rdtsc() -> u64 {
    // SAFETY: the target's CPUs (pentium4) all have it.
    unsafe { x86::time::rdtsc() }
}

/// This CPU's xAPIC id as it was at reset: CPUID leaf 1, EBX bits 24..31. Needs no mapped LAPIC.
pub fn initial_apic_id() -> u8 {
    let [.., id] = core::arch::x86::__cpuid(1).ebx.to_le_bytes();
    id
}

/// The frame pointer of the function that calls this.
#[inline(always)]
pub fn read_ebp() -> u32 {
    let ebp: u32;
    // SAFETY: reads a register.
    unsafe { asm!("mov {}, ebp", out(reg) ebp, options(nomem, nostack, preserves_flags)) };
    ebp
}

/// Reads a byte from a port. For devices of this module.
#[inline]
pub(super) fn inb(port: u16) -> u8 {
    // SAFETY: `x86` reads only ports of devices it drives, none of which writes memory.
    unsafe { x86::io::inb(port) }
}

/// Writes a byte to a port. For devices of this module.
#[inline]
pub(super) fn outb(port: u16, value: u8) {
    // SAFETY: as for `inb`.
    unsafe { x86::io::outb(port, value) };
}
