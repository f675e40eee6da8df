//! What a lock needs from the CPU it runs on.
//!
//! The kernel implements [`Machine`] once; the host tests implement it on threads.

pub use crate::atomic::MAX_CPUS;
use crate::{Rank, big, order, stats};
use core::fmt;

/// What a CPU does about a lock: see [`Machine::step`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// It is about to take it.
    Want,
    /// It has not got it at once and starts to wait.
    Wait,
    /// It has looked once more, and it is not free.
    Spin,
    /// It has got it.
    Got,
    /// It is about to release it.
    Free,
    /// It has released it.
    Freed,
}

/// What a lock needs from the CPU and the kernel.
///
/// Nothing here may take a lock: all of it is called while locks are held, and in the middle of
/// taking and releasing them. All of it must work on CPU 0 before any set-up has been done.
pub trait Machine: Sized + 'static {
    /// The index of this CPU, below [`MAX_CPUS`]. 0 on the boot CPU before it knows its number.
    fn cpu() -> usize;

    /// A number below [`MAX_CPUS`] that this CPU has and no other one has at the same time, as cheap as it can be had. A CPU
    /// may get another one while it holds no lock.
    #[inline]
    fn place() -> usize {
        Self::cpu()
    }

    /// Whether interrupts can arrive now (EFLAGS.IF).
    fn interrupts_enabled() -> bool;

    /// The one checker of this machine: a `static` made by `Checker::new()`.
    fn checker() -> &'static order::Checker;

    /// The statistics of this machine: a `static` made by `Stats::new()`.
    fn stats() -> &'static stats::Stats;

    /// The one big lock of this machine: a `static` made by `BigLock::new()`.
    fn big_lock() -> &'static big::BigLock;

    /// Prints, at once, without a lock: it is called from inside the console lock and from panic.
    fn report(text: fmt::Arguments<'_>);

    /// Stores addresses inside the calls on this CPU's stack, innermost first; returns how many.
    fn backtrace(into: &mut [u32]) -> usize;

    /// Whether `address` lies in the code of the locks and of the checker, with which a back-trace had better not begin.
    fn is_lock_code(_address: u32) -> bool {
        false
    }

    /// Prints what lies at `address`: a line for each function that is inlined there, the innermost first, and one for the
    /// function that contains them. Each line begins with `margin`.
    ///
    /// # Errors
    /// Only what `f` itself returns.
    fn symbol(address: u32, margin: fmt::Arguments<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result;

    /// Stops all other CPUs for good, each after it has called [`order::stopped`], and waits until they have stopped or
    /// a second is over. If another CPU has done so, this one stops. Where CPUs can't be stopped it does nothing.
    fn stop_others() {}

    /// Ends the kernel because CPUs wait for ever, which has been reported. `why` is the rule in words.
    fn give_up(why: &'static str) -> ! {
        panic!("{why}")
    }

    /// A wall clock in milliseconds, which may wrap. It must go on while interrupts are off, so it
    /// can't be a count of timer interrupts.
    fn millis() -> u32;

    /// A clock for short times, which may wrap after a minute or more: it must be cheap to look at.
    fn ticks() -> u32;

    /// How many microseconds `ticks` of that clock are.
    fn micros(ticks: u64) -> u64;

    /// Whether to tell of steps, which is slow. Once it is so it stays so, and [`order::watch`] is called after it has become so.
    fn is_watched() -> bool {
        false
    }

    /// This CPU takes a step with a lock of class `rank`. For tests that hold CPUs up; only builds with checks say so, and
    /// only while the machine [`is_watched`](Machine::is_watched).
    fn step(_step: Step, _rank: Rank) {}
}
