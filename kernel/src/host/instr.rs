//! Instructions, on the registers of [`registers`].

use core::sync::atomic::Ordering;
use std::cell::Cell;
use std::thread;
use std::time::{Duration, Instant};

use abi::trap::IRQ_OFFSET;

pub use super::delay::millis;
use super::frame::TrapFrame;
use super::lapic::KICK;
use super::{jitter, ports, registers};

/// The timer's period.
const TICK: Duration = Duration::from_millis(10);
/// No test lets a CPU sleep as long.
const PATIENCE: Duration = Duration::from_secs(60);

/// Points this CPU at a page directory.
pub fn load_cr3(directory: u32) {
    let mine = registers::mine();
    mine.cr3.store(directory, Ordering::SeqCst);
    mine.flushes.fetch_add(1, Ordering::SeqCst);
}

/// The physical address of the current page directory.
pub fn read_cr3() -> u32 {
    registers::mine().cr3.load(Ordering::SeqCst)
}

/// The address that a test put there with the last page fault.
pub fn read_cr2() -> u32 {
    registers::mine().cr2.load(Ordering::Relaxed)
}

/// Nothing: there is no cache of translations.
pub fn enable_global_pages() {}

thread_local! {
    static AT_FLUSH: Cell<Option<Box<dyn FnOnce()>>> = const { Cell::new(None) };
}

/// Looks at something at the moment at which this CPU drops its next translation.
pub fn at_next_flush(look: impl FnOnce() + 'static) {
    AT_FLUSH.set(Some(Box::new(look)));
}

/// Counts that a translation was dropped.
pub fn invlpg(_va: u32) {
    if let Some(look) = AT_FLUSH.take() {
        look();
    }
    registers::mine().flushes.fetch_add(1, Ordering::SeqCst);
}

/// Never: an interrupt comes when a test or [`sti_hlt_cli`] asks for it. Asked at every lock, so other threads may go
/// first here.
pub fn interrupts_enabled() -> bool {
    jitter::point();
    false
}

/// Sleeps until an interrupt comes, and handles it.
///
/// # Panics
/// When none comes: this CPU was forgotten.
pub fn sti_hlt_cli() {
    crate::cpu::halting();
    let (mine, start) = (registers::mine(), Instant::now());
    let vector = loop {
        if mine.take_interrupt() {
            break u32::from(KICK);
        }
        if mine.timer.load(Ordering::Relaxed) && start.elapsed() >= TICK {
            break IRQ_OFFSET;
        }
        assert!(start.elapsed() < PATIENCE, "nobody wakes this CPU");
        pause();
    };
    crate::trap::trap_from_kernel(&mut TrapFrame { trapno: vector, ..TrapFrame::default() });
}

/// Lets other threads run.
pub fn pause() {
    thread::yield_now();
}

/// Ends the thread that plays this CPU.
///
/// # Panics
/// Always: that is how a thread ends.
pub fn halt_forever() -> ! {
    panic!("this CPU has halted for ever");
}

/// CPU 0's: the boot CPU is the one that asks.
pub fn initial_apic_id() -> u8 {
    super::lapic::id_of(0)
}

/// Reads a byte from a port.
pub(super) fn inb(port: u16) -> u8 {
    ports::read(port)
}

/// Writes a byte to a port.
pub(super) fn outb(port: u16, value: u8) {
    ports::write(port, value);
}
