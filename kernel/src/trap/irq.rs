//! Interrupts: the timer, input, and kicks from other CPUs.
//!
//! A CPU's timer ticks while it runs envs. An idle CPU lets it run out: the first tick that finds it idle turns it off,
//! so a CPU that is idle for a moment touches no register, and one that is idle for long takes one tick.

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
pub(super) const LAPIC_ERROR: u32 = IRQ_OFFSET + 19;
const KICK: u32 = lapic::KICK as u32;

/// Bits of `PerCpu::idle_interrupts`: the timer ticked; there is input.
pub(crate) const TICKED: u32 = 1;
const INPUT: u32 = 2;

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
            sched::hurry_all();
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

/// Takes note of an interrupt that came while this CPU was idle. What it asks for is done by [`after_idle`]: an idle CPU
/// has let go of the big lock, in the build that has one, so its interrupt handlers take no lock.
pub fn handle_idle(vector: u32) {
    let came = match vector {
        TIMER => TICKED,
        KEYBOARD | SERIAL => INPUT,
        _ => 0,
    };
    cpu::this().idle_interrupts.fetch_or(came, Ordering::Relaxed);
    if matches!(vector, TIMER | KICK | LAPIC_ERROR) {
        lapic::eoi();
    }
}

/// Does what the interrupts asked for that came while this CPU was idle.
pub fn after_idle() {
    let came = cpu::this().idle_interrupts.swap(0, Ordering::Relaxed);
    if came & INPUT != 0 {
        console::interrupt();
    }
    if came & TICKED == 0 {
        return;
    }
    if sched::has_patient() {
        sched::hurry_all();
    } else {
        lapic::timer_stop();
        cpu::this().ticking.store(false, Ordering::Relaxed);
    }
}

fn simple(vector: u32) {
    match vector {
        // The 8259s end their interrupts by themselves.
        KEYBOARD | SERIAL => console::interrupt(),
        // Whoever sent it wanted this CPU in the kernel; the run loop looks round anyway.
        KICK => lapic::eoi(),
        LAPIC_ERROR => {
            lapic::eoi();
            warn!("the local APIC reports an error");
        }
        other => warn!("nobody asked for interrupt {}", other - IRQ_OFFSET),
    }
}
