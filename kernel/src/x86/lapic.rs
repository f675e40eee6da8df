//! The local APIC: this CPU's timer, and interrupts between CPUs.
//!
//! Its registers are at one physical address for all CPUs, each seeing its own. Written to by hand rather than with
//! the `x86` crate, whose driver wants the registers as `&'static mut` and a vector that belongs to exceptions.
//! Intel SDM vol. 3 chapter 11; JOS: `kern/lapic.c`.

use core::sync::atomic::{AtomicU32, Ordering};

use abi::trap::IRQ_OFFSET;
use sync::event::Event;
use x86::apic::xapic::{
    XAPIC_EOI, XAPIC_ESR, XAPIC_ICR0, XAPIC_ICR1, XAPIC_ID, XAPIC_ISR0, XAPIC_LVT_ERROR, XAPIC_LVT_LINT0,
    XAPIC_LVT_LINT1, XAPIC_LVT_PMI, XAPIC_LVT_TIMER, XAPIC_SVR, XAPIC_TIMER_DIV_CONF, XAPIC_TIMER_INIT_COUNT,
    XAPIC_TPR, XAPIC_VERSION,
};
use x86::msr;

use super::gdt;
use super::instr::pause;

/// The vector by which one CPU asks another to look round: for work, or for a change to its address space.
pub const KICK: u8 = 240;

/// Timer periods at divide-by-1 between two ticks: 10 ms under QEMU, whose timer runs at 1 GHz.
const TICK: u32 = 10_000_000;

/// JOS's vectors: the clock is IRQ 0, a spurious interrupt IRQ 7, an error IRQ 19.
const TIMER_VECTOR: u32 = IRQ_OFFSET;
const SPURIOUS_VECTOR: u32 = IRQ_OFFSET + 7;
const ERROR_VECTOR: u32 = IRQ_OFFSET + 19;

/// Spurious-vector register: the APIC is on.
const SVR_ENABLE: u32 = 0x100;
const DIVIDE_BY_1: u32 = 0xb;
const LVT_MASKED: u32 = 0x1_0000;
const LVT_PERIODIC: u32 = 0x2_0000;
/// The interrupt's vector comes from the 8259s.
const LVT_EXTINT: u32 = 0x700;

const ICR_NMI: u32 = 0x400;
const ICR_INIT: u32 = 0x500;
const ICR_STARTUP: u32 = 0x600;
const ICR_PENDING: u32 = 0x1000;
const ICR_ASSERT: u32 = 0x4000;
const ICR_LEVEL: u32 = 0x8000;
const ICR_ALL: u32 = 0x8_0000;
const ICR_OTHERS: u32 = 0xc_0000;

/// How often to look whether the last interrupt has been sent, which takes a few of them at most.
const SEND_LOOKS: u32 = 100_000;

/// Where the registers are mapped; 0 until [`init`].
static BASE: AtomicU32 = AtomicU32::new(0);

/// Maps the registers, which are at physical address `base`. On the boot CPU, once.
///
/// # Panics
/// When the device window is full, which only a bug can bring about.
pub fn init(base: u32) {
    let va = crate::mm::kernel_map::map_device(base, 4096).expect("the device window has room for the LAPIC");
    BASE.store(va, Ordering::Relaxed);
}

/// The physical address of this CPU's registers as the CPU itself knows it, for machines whose firmware has no table.
pub fn default_base() -> u32 {
    // SAFETY: every CPU with a local APIC has the register (architectural since the P6 family).
    let base = unsafe { msr::rdmsr(msr::IA32_APIC_BASE) };
    base as u32 & !0xfff
}

/// Switches this CPU's APIC on, its timer off. On each CPU, after `gdt::init_cpu`.
pub fn init_cpu() {
    write(XAPIC_SVR, SVR_ENABLE | SPURIOUS_VECTOR);
    timer_stop();

    // The 8259s interrupt the boot CPU. The other wire is the NMI button, which nobody handles.
    let boot_cpu = gdt::cpu_index() == 0;
    write(XAPIC_LVT_LINT0, if boot_cpu { LVT_EXTINT } else { LVT_MASKED });
    write(XAPIC_LVT_LINT1, LVT_MASKED);
    let highest_lvt = read(XAPIC_VERSION) >> 16 & 0xff;
    if highest_lvt >= 4 {
        write(XAPIC_LVT_PMI, LVT_MASKED);
    }

    // Clearing the error register takes two writes in a row.
    write(XAPIC_LVT_ERROR, ERROR_VECTOR);
    write(XAPIC_ESR, 0);
    write(XAPIC_ESR, 0);

    // Finish what was pending, let everything through, and give all APICs the same idea of who goes first.
    eoi();
    if boot_cpu {
        send(0, ICR_ALL | ICR_INIT | ICR_LEVEL);
    }
    write(XAPIC_TPR, 0);
}

/// Makes this CPU's timer tick: vector 32, every 10 ms.
pub fn timer_start() {
    write(XAPIC_TIMER_DIV_CONF, DIVIDE_BY_1);
    write(XAPIC_LVT_TIMER, LVT_PERIODIC | TIMER_VECTOR);
    write(XAPIC_TIMER_INIT_COUNT, crate::debug_options::tick(TICK));
}

/// Stops this CPU's timer.
pub fn timer_stop() {
    write(XAPIC_LVT_TIMER, LVT_MASKED | TIMER_VECTOR);
    write(XAPIC_TIMER_INIT_COUNT, 0);
}

/// Ends the interrupt that is being handled, one that this APIC has brought: see [`is_in_service`].
#[inline]
pub fn eoi() {
    write(XAPIC_EOI, 0);
}

/// Whether this APIC has brought an interrupt with this vector that is not ended yet. It does not bring those of the 8259s,
/// nor does it wait for the end of a spurious one; but the same vectors can come from another CPU.
pub fn is_in_service(vector: u8) -> bool {
    let vector = u32::from(vector);
    read(XAPIC_ISR0 + vector / 32 * 16) & 1 << (vector % 32) != 0
}

/// This CPU's APIC id. Slow; `gdt::cpu_index` is not.
pub fn id() -> u8 {
    let [.., id] = read(XAPIC_ID).to_le_bytes();
    id
}

/// Interrupts the CPU whose APIC has this id.
pub fn send_ipi(apic_id: u8, vector: u8) {
    sync::trace::note(Event::Sends(apic_id));
    send(apic_id, ICR_ASSERT | u32::from(vector));
}

/// Interrupts the CPU whose APIC has this id, whatever it does.
pub fn send_nmi(apic_id: u8) {
    send(apic_id, ICR_ASSERT | ICR_NMI);
}

/// Resets all other CPUs, which then wait for [`send_startup_to_others`].
pub(super) fn send_init_to_others() {
    send(0, ICR_OTHERS | ICR_LEVEL | ICR_ASSERT | ICR_INIT);
}

/// Starts all other CPUs, in real mode at the beginning of physical page `page`.
pub(super) fn send_startup_to_others(page: u8) {
    send(0, ICR_OTHERS | ICR_ASSERT | ICR_STARTUP | u32::from(page));
}

/// Starts one CPU. Does nothing to a CPU that runs.
pub(super) fn send_startup(apic_id: u8, page: u8) {
    send(apic_id, ICR_ASSERT | ICR_STARTUP | u32::from(page));
}

/// Sends an interrupt, once the one before is on its way. Writing the low word sends it.
fn send(apic_id: u8, command: u32) {
    for _ in 0..SEND_LOOKS {
        if read(XAPIC_ICR0) & ICR_PENDING == 0 {
            break;
        }
        pause();
    }
    write(XAPIC_ICR1, u32::from(apic_id) << 24);
    write(XAPIC_ICR0, command);
}

#[inline]
fn read(register: u32) -> u32 {
    // SAFETY: a register of this CPU's APIC, mapped by `init` before anything is done with it.
    unsafe { address(register).read_volatile() }
}

#[inline]
fn write(register: u32, value: u32) {
    // SAFETY: as in `read`; none of these registers writes memory.
    unsafe { address(register).write_volatile(value) };
}

fn address(register: u32) -> *mut u32 {
    let base = BASE.load(Ordering::Relaxed);
    debug_assert!(base != 0, "the LAPIC is not mapped yet");
    (base + register) as *mut u32
}
