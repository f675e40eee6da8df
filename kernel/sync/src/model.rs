//! The lock and the checker's lock-free parts under `shuttle`, which runs threads in random interleavings and can repeat
//! each: `cargo test -p sync --lib --features model`.
//!
//! What runs is the code itself; only the atomic types are `shuttle`'s (`atomic.rs`). It interleaves at every atomic
//! operation but does not reorder memory, so it says nothing about Acquire and Release; those are argued where they stand.

extern crate std;

use crate::atomic::{AtomicU32, spin_loop};
use crate::order::{self, Checker};
use crate::raw::Raw;
use crate::{Machine, Rank, SpinLock, big, stats};
use core::cell::Cell;
use core::fmt;
use core::sync::atomic::Ordering::SeqCst;
use shuttle::scheduler::RandomScheduler;
use shuttle::sync::Arc;
use shuttle::thread;
use spin::Spin;
use std::boxed::Box;
use std::sync::{Mutex, PoisonError};
use std::vec::Vec;

/// How many interleavings each test tries.
const RUNS: usize = 300;
const CPUS: usize = 3;

/// What one run has for itself.
struct World {
    checker: Checker,
    stats: stats::Stats,
    big: big::BigLock,
    /// How many CPUs are inside `report` now, and how many reports were printed.
    printing: AtomicU32,
    printed: AtomicU32,
}

std::thread_local! {
    /// All threads of a run are played by one real thread.
    static WORLD: Cell<Option<&'static World>> = const { Cell::new(None) };
}

shuttle::thread_local! {
    static CPU: Cell<usize> = Cell::new(0);
}

fn world() -> &'static World {
    WORLD.get().expect("a run is under way")
}

struct This;

impl Machine for This {
    fn cpu() -> usize {
        CPU.with(Cell::get)
    }

    fn interrupts_enabled() -> bool {
        false
    }

    fn checker() -> &'static Checker {
        &world().checker
    }

    fn stats() -> &'static stats::Stats {
        &world().stats
    }

    fn big_lock() -> &'static big::BigLock {
        &world().big
    }

    fn report(_text: fmt::Arguments<'_>) {
        assert_eq!(world().printing.fetch_add(1, SeqCst), 0, "two reports at once");
        spin_loop();
        world().printing.fetch_sub(1, SeqCst);
        world().printed.fetch_add(1, SeqCst);
    }

    fn backtrace(_into: &mut [u32]) -> usize {
        0
    }

    fn symbol(_address: u32, _margin: fmt::Arguments<'_>, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }

    fn millis() -> u32 {
        0
    }

    fn ticks() -> u32 {
        0
    }

    fn micros(ticks: u64) -> u64 {
        ticks
    }
}

/// Runs `part` on every CPU at once, in many interleavings, and then `after`.
fn explore<T: Send + Sync + 'static>(make: fn() -> T, part: fn(&T, usize), after: fn(&T)) {
    // The chain of a CPU that holds nothing is one for all worlds, and the checker's words are for one real thread at a time.
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut config = shuttle::Config::new();
    // A world is made on the stack.
    config.stack_size = 1 << 22;
    shuttle::Runner::new(RandomScheduler::new(RUNS), config).run(move || {
        let world = World {
            checker: Checker::new(),
            stats: stats::Stats::new(),
            big: big::BigLock::new(),
            printing: AtomicU32::new(0),
            printed: AtomicU32::new(0),
        };
        // Never freed: machines live for ever. A test process does not.
        WORLD.set(Some(Box::leak(Box::new(world))));
        let shared = Arc::new(make());
        let start = |cpu| {
            let shared = shared.clone();
            thread::spawn(move || {
                CPU.with(|me| me.set(cpu));
                part(&shared, cpu);
            })
        };
        let threads: Vec<_> = (0..CPUS).map(start).collect();
        threads.into_iter().for_each(|thread| thread.join().expect("no CPU panics"));
        after(&shared);
    });
}

/// A number that is read and written in two steps: only exclusion saves the sum.
fn increment(number: &AtomicU32) {
    let before = number.load(SeqCst);
    number.store(before + 1, SeqCst);
}

#[test]
#[allow(unsafe_code, reason = "a raw lock is unlocked by a promise")]
fn the_raw_lock_excludes() {
    explore(
        || (Raw::<Spin>::new(), AtomicU32::new(0)),
        |(raw, number), _| {
            if !raw.try_lock() {
                raw.lock();
            }
            increment(number);
            // SAFETY: locked just above.
            unsafe { raw.unlock() }
        },
        |(raw, number)| {
            assert_eq!(number.load(SeqCst), CPUS as u32);
            assert!(!raw.is_locked());
        },
    );
}

fn two_locks() -> (SpinLock<u32, This>, SpinLock<u32, This>) {
    (SpinLock::new(Rank::EnvLife, 0, 0), SpinLock::new(Rank::RunQueue, 0, 0))
}

/// All CPUs use the locks rightly while one of them looks at what the others hold: no report, no lost count.
#[test]
fn right_use_is_silent_whatever_others_do() {
    explore(
        two_locks,
        |(life, queue), cpu| {
            for _ in 0..2 {
                *life.lock() += 1;
                let _life = life.lock();
                *queue.lock() += 1;
            }
            if cpu == 0 {
                order::freed::<This>(0, usize::MAX / 2);
            }
        },
        |(life, queue)| {
            assert_eq!((*life.lock(), *queue.lock()), (2 * CPUS as u32, 2 * CPUS as u32));
        },
    );
}

/// All CPUs go through the same new locks of one class, so that each is taken for its first time while others have taken, and
/// want, its like: no report.
#[test]
fn new_locks_are_nobodys() {
    explore(
        || [0, 1, 2].map(|key| SpinLock::<(), This>::new(Rank::SlotCache, key, ())),
        |locks, _| locks.iter().for_each(|lock| drop(lock.lock())),
        |_| assert_eq!(order::reports::<This>(), 0),
    );
}

/// All CPUs make the same mistake at the same moment: one report, printed by one CPU.
#[test]
fn the_same_mistake_is_reported_once() {
    explore(
        || {
            [0, 1, 2].map(|key| {
                (SpinLock::<(), This>::new(Rank::EnvLife, key, ()), SpinLock::<(), This>::new(Rank::RunQueue, key, ()))
            })
        },
        |locks, cpu| {
            let (life, queue) = &locks[cpu];
            let _queue = queue.lock();
            drop(life.lock());
        },
        |_| {
            assert_eq!(order::reports::<This>(), 1);
            assert_eq!(world().printed.load(SeqCst), 1);
        },
    );
}

/// Each CPU makes a mistake of its own: as many reports, never two at once.
#[test]
fn different_mistakes_are_reported_one_after_the_other() {
    explore(
        || [Rank::SlotCache, Rank::EnvTable, Rank::EnvLife].map(|rank| SpinLock::<(), This>::new(rank, 0, ())),
        |locks, cpu| {
            let console = SpinLock::<(), This>::new(Rank::Console, 0, ());
            let _console = console.lock();
            drop(locks[cpu].lock());
        },
        |_| assert_eq!(world().printed.load(SeqCst), CPUS as u32),
    );
}
