//! Interrupts between CPUs, and the timer.

use core::sync::atomic::Ordering;

use super::registers;

/// The vector by which one CPU asks another to look round.
pub const KICK: u8 = 240;

/// The APIC id of CPU `index`: no CPU's index, so that whoever takes one for the other finds nobody.
pub fn id_of(index: usize) -> u8 {
    index as u8 ^ 0x40
}

/// The registers of the CPU whose APIC has this id.
fn with_id(apic_id: u8) -> &'static registers::Registers {
    registers::of(usize::from(apic_id ^ 0x40))
}

/// Nothing: there are no registers to map.
pub fn init(_base: u32) {}

/// Where every PC has them.
pub fn default_base() -> u32 {
    0xfee0_0000
}

/// Nothing.
pub fn init_cpu() {}

/// Switches this CPU's timer on.
pub fn timer_start() {
    let mine = registers::mine();
    mine.timer.store(true, Ordering::Relaxed);
    mine.timer_starts.fetch_add(1, Ordering::Relaxed);
}

/// Switches this CPU's timer off.
pub fn timer_stop() {
    registers::mine().timer.store(false, Ordering::Relaxed);
}

/// Ends an interrupt that a test has brought ([`registers::Registers::bring`]); others end when they are taken.
pub fn eoi() {
    registers::mine().end_first();
}

/// Whether a test has brought it, and it is not ended.
pub fn is_in_service(vector: u8) -> bool {
    registers::mine().not_ended().any(|other| other == vector)
}

/// Interrupts the CPU whose APIC has this id.
///
/// # Panics
/// For another vector than [`KICK`], which the kernel never sends.
pub fn send_ipi(apic_id: u8, vector: u8) {
    assert_eq!(vector, KICK);
    let target = with_id(apic_id);
    target.interrupts.fetch_add(1, Ordering::SeqCst);
    target.pending.store(true, Ordering::SeqCst);
}

/// Counts it, no more: a test that panics ends by itself.
pub fn send_nmi(apic_id: u8) {
    with_id(apic_id).nmis.fetch_add(1, Ordering::SeqCst);
}
