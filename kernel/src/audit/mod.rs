//! Audits: every CPU stops at a defined place, then the kernel's books are compared with each other.
//!
//! Each thing is known in two ways at least: a frame by its count and by the entries that refer to it, an env by its life,
//! its record, the queue and the CPU it is on. With every CPU stopped, nothing is half done, so both must agree exactly.
//! What is compared is listed in `locking-notes.md`, section 9.
//!
//! An audit is made when nothing is runnable any more, on demand (`audit` in the monitor), and while programs run if the
//! command line says `audit=GATES`. `audit_off.rs` has the same names for builds without debug assertions.
//!
//! Locks: every lock is tried, never waited for; one that is taken while all CPUs are stopped is a fault by itself.

mod cpus;
mod envs;
mod frames;
mod queues;
mod report;
mod slots;
mod stop;
mod tlb;

use core::sync::atomic::{AtomicU32, Ordering};

pub use stop::{halt, with_others_stopped};
pub use tlb::{changed, dropped, loading};

use crate::env::table;
use crate::mm::frame;
use crate::x86::{instr, qemu};
use crate::{boot, println};
use report::Report;

/// After how many passages of a gate, those of all CPUs together, the next audit is due; 0 for never. Not ticks: on a fast
/// host a program may have done its work before the first.
static EVERY: AtomicU32 = AtomicU32::new(0);
static PASSED: AtomicU32 = AtomicU32::new(0);
/// How many audits were made while programs ran, and how long all of them took, in milliseconds.
static MADE: AtomicU32 = AtomicU32::new(0);
static SPENT: AtomicU32 = AtomicU32::new(0);

/// Reads `audit=GATES` of the command line. Without it no audits are made while programs run.
pub fn init() {
    if let Some(gates) = boot::values("audit=").last().and_then(|gates| gates.parse().ok()) {
        EVERY.store(gates, Ordering::Relaxed);
    }
}

/// Where a CPU can be stopped: on its way to user mode, or at the monitor's prompt. Nothing is held.
///
/// The CPU whose passage makes an audit due makes it here.
pub fn gate() {
    stop::gate();
    let every = EVERY.load(Ordering::Relaxed);
    if every != 0 && PASSED.fetch_add(1, Ordering::Relaxed).wrapping_add(1).is_multiple_of(every) {
        let since = instr::millis();
        // If another CPU makes one at this moment, that will do.
        let Some(faults) = with_others_stopped(look) else { return };
        SPENT.fetch_add(instr::millis().wrapping_sub(since), Ordering::Relaxed);
        MADE.fetch_add(1, Ordering::Relaxed);
        if faults > 0 {
            end(faults);
        }
    }
}

/// Ends the kernel: what it does with wrong books is anybody's guess.
fn end(faults: u32) -> ! {
    println!("audit: FAULTS: {faults}");
    if boot::options().poweroff {
        qemu::exit(qemu::Ending::Audit);
    }
    panic!("the kernel's books are wrong");
}

/// The audit when nothing is runnable any more, of envs that are blocked for ever: says whether all is well.
pub fn before_end() -> bool {
    if EVERY.load(Ordering::Relaxed) != 0 {
        let (made, spent) = (MADE.load(Ordering::Relaxed), SPENT.load(Ordering::Relaxed));
        println!("audits: {made} while programs ran, {spent} ms");
    }
    table::available() == abi::NENV || at_end()
}

/// The audit when all envs are gone: says whether all is well.
pub fn at_end() -> bool {
    let since = instr::millis();
    let faults = now();
    log::info!("the audit took {} ms", instr::millis().wrapping_sub(since));
    if faults > 0 {
        println!("audit: FAULTS: {faults}");
    }
    faults == 0
}

/// The audit that the monitor is asked for; says that there is one.
pub fn on_demand() -> bool {
    let faults = now();
    let (slots, frames) = (table::available(), frame::available());
    if faults == 0 {
        println!("audit: all agree; {} envs; {frames} of {} frames free", abi::NENV - slots, frame::count());
    } else {
        println!("audit: FAULTS: {faults}");
    }
    true
}

/// Makes an audit; gives back how many faults there are.
fn now() -> u32 {
    loop {
        if let Some(faults) = with_others_stopped(look_at_all) {
            return faults;
        }
        stop::gate();
    }
}

/// Compares everything, and looks how deep the stacks have been; gives back how many faults there are. Every CPU is stopped.
fn look_at_all() -> u32 {
    let mut report = Report::new();
    compare(&mut report);
    cpus::stacks(&mut report);
    report.faults()
}

/// Compares everything; gives back how many faults there are. Every CPU is stopped.
fn look() -> u32 {
    let mut report = Report::new();
    compare(&mut report);
    report.faults()
}

fn compare(report: &mut Report) {
    cpus::locks(report);
    queues::count(report);
    slots::count(report);
    frames::clear();
    envs::check(report);
    cpus::check(report);
    frames::check(report);
}
