//! Interrupts: the timer, input, and kicks from other CPUs.
//!
//! A CPU's timer ticks while it runs envs. An idle CPU lets it run out: the first tick that finds it idle turns it off,
//! so a CPU that is idle for a moment only pays for no register access, and one that is idle for long takes one tick.

use core::sync::atomic::Ordering;

use abi::trap::IRQ_OFFSET;
use log::warn;

use crate::env::Current;
use crate::run::Next;
use crate::trap::dump::Dump;
use crate::x86::lapic;
use crate::{console, cpu, print, sched};

const TIMER: u32 = IRQ_OFFSET;
const KEYBOARD: u32 = IRQ_OFFSET + 1;
const SERIAL: u32 = IRQ_OFFSET + 4;
const SPURIOUS: u32 = IRQ_OFFSET + 7;
const LAPIC_ERROR: u32 = IRQ_OFFSET + 19;
const KICK: u32 = lapic::KICK as u32;

/// Turns this CPU's timer on, if it is off.
pub fn keep_ticking() {
    let ticking = &cpu::this().ticking;
    if !ticking.load(Ordering::Relaxed) {
        ticking.store(true, Ordering::Relaxed);
        lapic::timer_start();
    }
}

/// Handles an interrupt that came while an env ran.
pub fn handle(vector: u32, current: &Current<'_>) -> Next {
    match vector {
        TIMER => {
            // First, so that the next tick is not lost while others run.
            lapic::eoi();
            sched::balance();
            return Next::Other;
        }
        SPURIOUS => {
            let dump = Dump { frame: current.frame, address: current.save(), fault_va: None };
            print!("Spurious interrupt on irq 7\n{dump}");
        }
        _ => simple(vector),
    }
    Next::Same
}

/// Handles an interrupt that came while this CPU was idle.
pub fn handle_idle(vector: u32) {
    match vector {
        TIMER => {
            lapic::timer_stop();
            lapic::eoi();
            cpu::this().ticking.store(false, Ordering::Relaxed);
        }
        SPURIOUS => print!("Spurious interrupt on irq 7\n"),
        _ => simple(vector),
    }
}

fn simple(vector: u32) {
    match vector {
        // The 8259s end their interrupts by themselves.
        KEYBOARD | SERIAL => console::interrupt(),
        // Whoever sent it wanted this CPU in the kernel; the run loop and the idle loop look round anyway.
        KICK => lapic::eoi(),
        LAPIC_ERROR => {
            lapic::eoi();
            warn!("the local APIC reports an error");
        }
        other => warn!("nobody asked for interrupt {}", other - IRQ_OFFSET),
    }
}
