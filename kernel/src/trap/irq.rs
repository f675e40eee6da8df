//! Interrupts: the timer, input, and kicks from other CPUs.
//!
//! A CPU's timer ticks while it runs envs. An idle CPU lets it run out: the first tick that finds it idle turns it off,
//! so a CPU that is idle for a moment touches no register, and one that is idle for long takes one tick.
//!
//! An interrupt that nobody asked for is no fault of the env it comes to. It is ended, if it has to be, and reported once for
//! each vector. One with the system call's is the exception: it cannot be told from a call.

use core::sync::atomic::{AtomicU32, Ordering};

use abi::trap::IRQ_OFFSET;
use log::warn;

use crate::env::Current;
use crate::run::Next;
use crate::trap::dump::Dump;
use crate::x86::lapic::{self, KICK};
use crate::{console, cpu, debug_options, print, sched, watchdog};

const FIRST: u8 = IRQ_OFFSET as u8;
const TIMER: u8 = FIRST;
const KEYBOARD: u8 = FIRST + 1;
const SERIAL: u8 = FIRST + 4;
const SPURIOUS: u8 = FIRST + 7;
const LAPIC_ERROR: u8 = FIRST + 19;

/// Bits of `PerCpu::idle_interrupts`: the timer ticked; there is input; nobody asked for it.
pub(crate) const TICKED: u32 = 1;
const INPUT: u32 = 2;
const STRAY: u32 = 4;

/// Vectors of interrupts that nobody asked for, bit v of word w for 32w + v: those that came, and those that were reported.
static STRAYS: Vectors = Vectors::new();
static REPORTED: Vectors = Vectors::new();

/// Turns this CPU's timer on, if it is off.
pub fn keep_ticking() {
    let ticking = &cpu::this().ticking;
    if !ticking.load(Ordering::Relaxed) {
        ticking.store(true, Ordering::Relaxed);
        lapic::timer_start();
    }
}

/// Handles an interrupt that came while an env ran.
pub fn handle(vector: u8, current: &Current<'_>) -> Next {
    match vector {
        TIMER => {
            // First, so that the next tick is not lost while others run.
            lapic::eoi();
            debug_options::at_tick();
            watchdog::look_at_senders();
            sched::hurry_all();
            sched::balance();
            return Next::Other;
        }
        SPURIOUS => {
            end(vector);
            let dump = Dump { frame: current.frame, address: current.save(), fault_va: None };
            print!("Spurious interrupt on irq 7\n{dump}");
        }
        _ => simple(vector),
    }
    Next::Same
}

/// Takes note of an interrupt that came while this CPU was idle. What it asks for is done by [`after_idle`]: an idle CPU
/// has let go of the big lock, in the build that has one, so its interrupt handlers take no lock.
pub fn handle_idle(vector: u8) {
    let came = match vector {
        TIMER => TICKED,
        KEYBOARD | SERIAL => INPUT,
        KICK | SPURIOUS => 0,
        stray => {
            STRAYS.insert(stray);
            STRAY
        }
    };
    cpu::this().idle_interrupts.fetch_or(came, Ordering::Relaxed);
    match vector {
        TIMER | KICK => lapic::eoi(),
        other => end(other),
    }
}

/// Does what the interrupts asked for that came while this CPU was idle.
pub fn after_idle() {
    let came = cpu::this().idle_interrupts.swap(0, Ordering::Relaxed);
    if came & INPUT != 0 {
        console::interrupt();
    }
    if came & STRAY != 0 {
        report_strays();
    }
    if came & TICKED == 0 {
        return;
    }
    if sched::has_patient() {
        watchdog::look_at_senders();
        sched::hurry_all();
    } else {
        lapic::timer_stop();
        cpu::this().ticking.store(false, Ordering::Relaxed);
    }
}

fn simple(vector: u8) {
    match vector {
        // Whoever sent it wanted this CPU in the kernel; the run loop looks round anyway.
        KICK => lapic::eoi(),
        KEYBOARD | SERIAL => {
            end(vector);
            console::interrupt();
        }
        stray => {
            end(stray);
            STRAYS.insert(stray);
            report_strays();
        }
    }
}

/// Ends an interrupt that may be the local APIC's or not: the 8259s end theirs by themselves. One that is not ended keeps all
/// others of its sixteen vectors back, and those below; and an end too many would be another one's.
fn end(vector: u8) {
    if lapic::is_in_service(vector) {
        lapic::eoi();
    }
}

fn report_strays() {
    for vector in (FIRST..=u8::MAX).filter(|&vector| STRAYS.has(vector)) {
        if !REPORTED.insert(vector) {
            continue;
        }
        if vector == LAPIC_ERROR {
            warn!("the local APIC reports an error");
        } else {
            warn!("nobody asked for interrupt {vector:#x}");
        }
    }
}

/// As if none had come yet.
#[cfg(test)]
pub(crate) fn forget_strays() {
    [&STRAYS, &REPORTED].into_iter().flat_map(|set| &set.0).for_each(|word| word.store(0, Ordering::Relaxed));
}

/// A set of vectors.
struct Vectors([AtomicU32; 8]);

impl Vectors {
    const fn new() -> Self {
        Vectors([const { AtomicU32::new(0) }; 8])
    }

    fn has(&self, vector: u8) -> bool {
        self.0[usize::from(vector) / 32].load(Ordering::Relaxed) & 1 << (vector % 32) != 0
    }

    /// Adds a vector; says whether it is new.
    fn insert(&self, vector: u8) -> bool {
        let bit = 1 << (vector % 32);
        !self.has(vector) && self.0[usize::from(vector) / 32].fetch_or(bit, Ordering::Relaxed) & bit == 0
    }
}
