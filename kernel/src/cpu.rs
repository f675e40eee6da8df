//! What the kernel keeps per CPU, and what the locks need to know of a CPU.
//!
//! Every field is an atomic. The owner writes; others read where a comment says so. Each CPU's block has
//! cache lines of its own, so private work writes nothing that another CPU's private work touches.

use core::fmt;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crossbeam_utils::CachePadded;
use sync::{Machine, big, order, stats};

use crate::config::NCPU;
use crate::{console, panic, symbols, window, x86};

/// The kernel's spin lock: `sync`'s, on this machine.
pub type SpinLock<T> = sync::SpinLock<T, This>;
/// The guard of a [`SpinLock`].
pub type Guard<'a, T> = sync::Guard<'a, T, This>;

/// One CPU's block.
pub struct PerCpu {
    /// Slot + 1 of the env in whose address space this CPU is in user mode, or 0. Read by whoever changes that
    /// address space: see [`crate::presence`].
    pub user_slot: AtomicU32,
    /// Slot + 1 of the env this CPU runs, or 0. For reports, and for [`assert_runs`].
    pub env: AtomicU32,
    /// Whether the CPU's timer ticks. An idle CPU's does not.
    pub ticking: AtomicBool,
    /// What interrupts came while this CPU was idle: see [`crate::trap::irq`].
    pub idle_interrupts: AtomicU32,
    /// How often this CPU left the idle state. Read by [`crate::idle`] to see whether two looks saw one moment.
    pub wakes: AtomicU32,
    /// Whether this CPU is idle, looking for work or halted. Read as [`PerCpu::wakes`] is.
    pub idle: AtomicBool,
}

static CPUS: [CachePadded<PerCpu>; NCPU] = [const {
    CachePadded::new(PerCpu {
        user_slot: AtomicU32::new(0),
        env: AtomicU32::new(0),
        ticking: AtomicBool::new(false),
        idle_interrupts: AtomicU32::new(0),
        wakes: AtomicU32::new(0),
        idle: AtomicBool::new(false),
    })
}; NCPU];

static CHECKER: order::Checker = order::Checker::new();
static STATS: stats::Stats = stats::Stats::new();
static BIG_LOCK: big::BigLock = big::BigLock::new();

/// This CPU's index: 0 for the boot CPU.
#[inline]
pub fn index() -> usize {
    x86::gdt::cpu_index()
}

/// The block of CPU `index`.
pub fn get(index: usize) -> &'static PerCpu {
    &CPUS[index]
}

/// This CPU's block.
pub fn this() -> &'static PerCpu {
    get(index())
}

/// Notes which env this CPU runs, for reports and for [`assert_runs`].
pub fn note_env(slot: Option<usize>) {
    let word = slot.map_or(0, |slot| slot as u32 + 1);
    this().env.store(word, Ordering::Relaxed);
}

/// The slot of the env that CPU `index` runs, if any.
pub fn env_of(index: usize) -> Option<usize> {
    (get(index).env.load(Ordering::Relaxed) as usize).checked_sub(1)
}

/// Whoever touches what an env has on its CPU may do so only there, and before the env is let go.
#[inline]
#[track_caller]
pub fn assert_runs(slot: usize) {
    debug_assert_eq!(env_of(index()), Some(slot), "that env is not on this CPU");
}

/// Passes the gate to `hlt`, which is the only place where the kernel takes interrupts: nothing may be held, and the big lock
/// neither, in the build that has it.
#[inline]
#[track_caller]
pub fn halting() {
    order::gate::<This>(order::Gate::Halt);
    big::assert_let_go::<This>();
}

/// The machine the locks run on.
pub struct This;

impl Machine for This {
    fn cpu() -> usize {
        index()
    }

    #[inline]
    fn place() -> usize {
        x86::gdt::place()
    }

    #[inline]
    fn interrupts_enabled() -> bool {
        x86::instr::interrupts_enabled()
    }

    #[inline]
    fn checker() -> &'static order::Checker {
        &CHECKER
    }

    fn stats() -> &'static stats::Stats {
        &STATS
    }

    fn big_lock() -> &'static big::BigLock {
        &BIG_LOCK
    }

    fn report(text: fmt::Arguments<'_>) {
        console::emergency(text);
    }

    fn backtrace(into: &mut [u32]) -> usize {
        let mut count = 0;
        for (place, frame) in into.iter_mut().zip(x86::backtrace::here()) {
            // A return address is behind its call, perhaps in another line already.
            *place = frame.return_address.wrapping_sub(1);
            count += 1;
        }
        count
    }

    fn is_lock_code(address: u32) -> bool {
        symbols::find(address).is_some_and(|symbol| {
            let name = symbol.place.function.trim_start_matches('<');
            ["sync::", "core::", "kernel::cpu::This"].iter().any(|start| name.starts_with(start))
        })
    }

    fn symbol(address: u32, margin: fmt::Arguments<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        symbols::write(address, margin, f)
    }

    fn stop_others() {
        panic::stop_others();
    }

    fn give_up(why: &'static str) -> ! {
        panic::give_up(why)
    }

    fn millis() -> u32 {
        x86::instr::millis()
    }

    fn ticks() -> u32 {
        x86::delay::ticks()
    }

    fn micros(ticks: u64) -> u64 {
        x86::delay::ticks_to_micros(ticks)
    }

    fn is_watched() -> bool {
        window::is_active()
    }

    fn step(step: sync::Step, rank: sync::Rank) {
        window::lock(step, rank);
    }
}
