//! The watch-dog: a CPU that never leaves the kernel, and work that nobody was woken for.
//!
//! `watchdog=SECONDS` on the command line of a debug kernel. The third way to stand still, CPUs that wait for each other's
//! locks, is the lock checker's, always; its verdict is "stuck". Here are the other two:
//!
//! * *Live-lock*: a CPU takes lock after lock and comes neither to user mode nor to `hlt`. It notices by itself, at the
//!   locks. Time in which it takes none but the console's does not count: so it is in the monitor.
//! * *Lost wake-up*: an env is ready, this CPU is halted and nobody has undertaken to wake it, and no CPU is in the kernel
//!   that still could. It notices at its own timer ticks, after which it halts again: the look must not be the cure.
//!
//! The second verdict has been seen and has been missed, in one run of two on a busy host: no test relies on it yet.
//!
//! Both clocks count at most a few milliseconds between two looks. So they stand still while the host does not run the CPU,
//! or a debugger has stopped the machine. `watchdog_off.rs` has the same names.

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::config::NCPU;
use crate::cpu;
use crate::trap::irq;
use crate::x86::instr;
use crate::x86::qemu::Ending;
use crate::{boot, idle, panic, sched, smp};

/// The most that a look at a clock adds to it, in milliseconds.
const IN_KERNEL_MS: u32 = 50;
const HALTED_MS: u32 = 20;

/// How long is too long, in milliseconds; 0 for no watch-dog.
static LIMIT_MS: AtomicU32 = AtomicU32::new(0);
static CLOCKS: [Clock; NCPU] = [const { Clock { last: AtomicU32::new(0), spent: AtomicU32::new(0) } }; NCPU];
/// For the test of the watch-dog: nobody is woken any more.
static DEAF: AtomicBool = AtomicBool::new(false);

/// How long a CPU has been at something. Its own.
struct Clock {
    last: AtomicU32,
    spent: AtomicU32,
}

impl Clock {
    fn restart(&self) {
        self.last.store(instr::millis(), Ordering::Relaxed);
        self.spent.store(0, Ordering::Relaxed);
    }

    /// Adds the time since the last look, at most `most`; gives back the sum.
    fn look(&self, most: u32) -> u32 {
        let now = instr::millis();
        let since = now.wrapping_sub(self.last.swap(now, Ordering::Relaxed)).min(most);
        self.spent.fetch_add(since, Ordering::Relaxed) + since
    }
}

/// Reads the command line. Says whether there is a watch-dog.
pub(crate) fn init() -> bool {
    let seconds = boot::values("watchdog=").last().and_then(|seconds| seconds.parse().ok()).unwrap_or(0_u32);
    LIMIT_MS.store(seconds.saturating_mul(1000), Ordering::SeqCst);
    seconds > 0
}

/// This CPU is on its way to user mode, back from there, or about to halt.
pub(crate) fn moves_on(cpu: usize) {
    CLOCKS[cpu].restart();
}

/// This CPU takes a step with a lock.
pub(crate) fn at_lock(cpu: usize) {
    let limit = LIMIT_MS.load(Ordering::Relaxed);
    if limit != 0 && smp::is_online(cpu) && CLOCKS[cpu].look(IN_KERNEL_MS) > limit {
        LIMIT_MS.store(0, Ordering::SeqCst);
        panic::end(Ending::LiveLock, "live-lock: it takes locks for ever and comes to nothing");
    }
}

/// Makes every CPU deaf to wake-ups: a mistake for the watch-dog to find.
pub(crate) fn make_deaf() {
    DEAF.store(true, Ordering::SeqCst);
}

/// Whether wake-ups get lost.
pub fn is_deaf() -> bool {
    DEAF.load(Ordering::Relaxed)
}

/// Halts until there is an interrupt that is not only this module's tick.
pub fn halt(sti_hlt_cli: fn()) {
    let limit = LIMIT_MS.load(Ordering::Relaxed);
    if limit == 0 {
        return sti_hlt_cli();
    }
    let (me, here) = (cpu::index(), cpu::this());
    CLOCKS[me].restart();
    loop {
        irq::keep_ticking();
        sti_hlt_cli();
        let only_tick = here.idle_interrupts.load(Ordering::Relaxed) == irq::TICKED;
        if !only_tick || !idle::is_idle(me) || sched::has_patient() {
            return CLOCKS[me].restart();
        }
        here.idle_interrupts.store(0, Ordering::Relaxed);
        if !sched::any_ready() || somebody_may_wake() {
            CLOCKS[me].restart();
        } else if CLOCKS[me].look(HALTED_MS) > limit {
            LIMIT_MS.store(0, Ordering::SeqCst);
            panic::end(Ending::LostWakeUp, "lost wake-up: an env is ready, and nobody wakes an idle CPU for it");
        }
    }
}

/// Whether a CPU is in the kernel and not idle: it may be about to wake another.
fn somebody_may_wake() -> bool {
    (0..smp::count())
        .filter(|&cpu| smp::is_online(cpu))
        .map(cpu::get)
        .any(|block| !block.idle.load(Ordering::SeqCst) && block.user_slot.load(Ordering::SeqCst) == 0)
}
