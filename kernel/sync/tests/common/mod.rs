//! A machine made of threads: each thread is a CPU, and says itself which one.
//!
//! [`machine!`] makes a machine of its own for one test, with its own checker and its own report
//! text, so that tests can run at the same time.
#![allow(dead_code, reason = "each test file uses its part")]

use std::cell::Cell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use sync::Machine;

thread_local! {
    /// The CPU that this thread is.
    pub(crate) static CPU: Cell<usize> = const { Cell::new(0) };
    /// Whether its interrupts are on.
    pub(crate) static INTERRUPTS: Cell<bool> = const { Cell::new(false) };
}

/// What a test sees of its machine from outside.
pub(crate) struct Outside {
    /// All that was reported.
    pub(crate) text: Mutex<String>,
    /// The clock, and by how much each look puts it forward. It stands still unless a test says so.
    pub(crate) clock: AtomicU32,
    pub(crate) step: AtomicU32,
    /// The fast clock, in microseconds.
    pub(crate) ticks: AtomicU32,
}

impl Outside {
    pub(crate) const fn new() -> Self {
        Self {
            text: Mutex::new(String::new()),
            clock: AtomicU32::new(0),
            step: AtomicU32::new(0),
            ticks: AtomicU32::new(0),
        }
    }

    pub(crate) fn print(&self, text: std::fmt::Arguments<'_>) {
        *self.text.lock().unwrap() += &text.to_string();
    }

    pub(crate) fn millis(&self) -> u32 {
        // Whoever looks at the clock is waiting: let the holder's thread run.
        std::thread::yield_now();
        self.clock.fetch_add(self.step.load(SeqCst), SeqCst)
    }

    /// Takes away what was reported since the last time.
    pub(crate) fn take(&self) -> String {
        std::mem::take(&mut self.text.lock().unwrap())
    }

    /// The `kind=` of each report since the last time.
    pub(crate) fn kinds(&self) -> Vec<String> {
        let kind = |line: &str| Some(line.strip_prefix("LOCKREPORT kind=")?.split(' ').next()?.to_string());
        self.take().lines().filter_map(kind).collect()
    }
}

/// Declares a machine type and its `Outside`.
#[macro_export]
macro_rules! machine {
    ($name:ident, $outside:ident) => {
        struct $name;

        static $outside: common::Outside = common::Outside::new();

        impl sync::Machine for $name {
            fn cpu() -> usize {
                common::CPU.get()
            }

            fn interrupts_enabled() -> bool {
                common::INTERRUPTS.get()
            }

            fn checker() -> &'static sync::order::Checker {
                static CHECKER: sync::order::Checker = sync::order::Checker::new();
                &CHECKER
            }

            fn stats() -> &'static sync::stats::Stats {
                static STATS: sync::stats::Stats = sync::stats::Stats::new();
                &STATS
            }

            fn ticks() -> u32 {
                $outside.ticks.load(std::sync::atomic::Ordering::SeqCst)
            }

            fn micros(ticks: u64) -> u64 {
                ticks
            }

            fn big_lock() -> &'static sync::big::BigLock {
                static BIG: sync::big::BigLock = sync::big::BigLock::new();
                &BIG
            }

            fn report(text: std::fmt::Arguments<'_>) {
                $outside.print(text);
            }

            fn backtrace(into: &mut [u32]) -> usize {
                into[..2].copy_from_slice(&[0xf010_0123, 0xf010_4567]);
                2
            }

            fn symbol(
                address: u32,
                margin: std::fmt::Arguments<'_>,
                f: &mut std::fmt::Formatter<'_>,
            ) -> std::fmt::Result {
                writeln!(f, "{margin}kernel::function_at_{address:x}")
            }

            fn millis() -> u32 {
                $outside.millis()
            }
        }
    };
}

/// Runs `f` as CPU `cpu`, inside the big lock where there is one.
pub(crate) fn on_cpu<M: Machine, R>(cpu: usize, f: impl FnOnce(&mut sync::big::Guard<M>) -> R) -> R {
    CPU.set(cpu);
    let mut big = sync::big::enter::<M>();
    f(&mut big)
}

/// A small generator of numbers below what it is asked for.
pub(crate) fn random(seed: usize) -> impl FnMut(usize) -> usize {
    let mut state = seed as u64;
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    }
}
