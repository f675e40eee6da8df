//! One at a time, whatever the threads do. In every build.

mod common;

use common::{on_cpu, random};
use std::thread;
use sync::{MAX_CPUS, Rank, SpinLock, lock_pair};

const CPUS: usize = 8;
/// Fewer where waiting threads queue: each time the host stops the next in line, all of them stop.
const ROUNDS: usize = if cfg!(feature = "ticket") { 100 } else { 2_000 };

#[test]
fn a_counter_loses_nothing() {
    machine!(Counting, OUTSIDE);
    static COUNTER: SpinLock<usize, Counting> = SpinLock::new(Rank::EnvLife, 0, 0);

    each_cpu::<Counting>(|_, round| {
        // Read, let others in, write: only exclusion saves the sum.
        let mut counter = COUNTER.lock();
        let before = *counter;
        for _ in 0..round % 64 {
            std::hint::spin_loop();
        }
        *counter = before + 1;
    });
    assert_eq!(*on_cpu::<Counting, _>(0, |_| COUNTER.lock()), CPUS * ROUNDS);
    assert_eq!(OUTSIDE.take(), "");
}

#[test]
fn try_lock_excludes_too() {
    machine!(Trying, OUTSIDE);
    static COUNTER: SpinLock<usize, Trying> = SpinLock::new(Rank::RunQueue, 0, 0);
    static MISSED: SpinLock<usize, Trying> = SpinLock::new(Rank::Console, 0, 0);

    each_cpu::<Trying>(|_, _| match COUNTER.try_lock() {
        Some(mut counter) => *counter += 1,
        None => *MISSED.lock() += 1,
    });
    on_cpu::<Trying, _>(0, |_| {
        assert_eq!(*COUNTER.lock() + *MISSED.lock(), CPUS * ROUNDS);
        let held = COUNTER.lock();
        assert!(COUNTER.is_locked_hint());
        assert!(COUNTER.try_lock().is_none(), "held by this very CPU");
        drop(held);
        assert!(!COUNTER.is_locked_hint());
    });
    assert_eq!(OUTSIDE.take(), "");
}

#[test]
fn crossing_pairs_neither_hang_nor_lose() {
    machine!(Crossing, OUTSIDE);
    static ENVS: [SpinLock<i64, Crossing>; 4] = [
        SpinLock::new(Rank::EnvVm, 0, 0),
        SpinLock::new(Rank::EnvVm, 1, 0),
        SpinLock::new(Rank::EnvVm, 2, 0),
        SpinLock::new(Rank::EnvVm, 3, 0),
    ];

    each_cpu::<Crossing>(|cpu, round| {
        // All pairs in both directions, and now and then an env with itself.
        let (from, to) = ((cpu + round) % 4, (cpu * 3 + round / 2) % 4);
        let mut pair = lock_pair(&ENVS[from], &ENVS[to]);
        assert_eq!(pair.is_same(), from == to);
        *pair.first() -= 1;
        *pair.second() += 1;
        assert_eq!(pair.both().is_none(), from == to);
    });
    let sum: i64 = on_cpu::<Crossing, _>(0, |_| ENVS.iter().map(|env| *env.lock()).sum());
    assert_eq!(sum, 0);
    assert_eq!(OUTSIDE.take(), "");
}

/// Every CPU takes random sets of locks in the declared order: no report, no hang, nothing lost.
#[test]
fn good_paths_are_silent() {
    machine!(Good, OUTSIDE);
    static SPACE: [SpinLock<usize, Good>; 3] =
        [SpinLock::new(Rank::EnvVm, 0, 0), SpinLock::new(Rank::EnvVm, 1, 0), SpinLock::new(Rank::EnvVm, 2, 0)];
    static CACHE: SpinLock<usize, Good> = SpinLock::new(Rank::FrameCache, 0, 0);
    static PAGES: SpinLock<usize, Good> = SpinLock::new(Rank::PageAllocator, 0, 0);
    static CONSOLE: SpinLock<usize, Good> = SpinLock::new(Rank::Console, 0, 0);

    each_cpu::<Good>(|cpu, round| {
        let mut random = random(cpu * ROUNDS + round);
        let mut envs = lock_pair(&SPACE[random(3)], &SPACE[random(3)]);
        *envs.first() += 1;
        let cache = (random(2) == 0).then(|| CACHE.lock());
        let pages = (random(2) == 0).then(|| PAGES.lock());
        if random(4) == 0 {
            // Released out of order: allowed.
            drop(envs);
        }
        let mut console = CONSOLE.lock();
        drop(cache);
        *console += 1;
        drop(pages);
    });
    on_cpu::<Good, _>(0, |_| {
        assert_eq!(SPACE.iter().map(|env| *env.lock()).sum::<usize>(), CPUS * ROUNDS);
        assert_eq!(*CONSOLE.lock(), CPUS * ROUNDS);
    });
    assert_eq!(OUTSIDE.take(), "");
}

#[test]
fn the_big_lock_is_let_go_of_in_unlocked() {
    machine!(Turns, OUTSIDE);
    on_cpu::<Turns, _>(0, |big| {
        // Would hang in the big-lock build if the lock were kept.
        big.unlocked(|| thread::spawn(|| on_cpu::<Turns, _>(1, |_| ())).join().unwrap());
    });
    assert_eq!(OUTSIDE.take(), "");
}

#[test]
fn a_busted_lock_can_be_taken() {
    machine!(Busted, OUTSIDE);
    static CONSOLE: SpinLock<u32, Busted> = SpinLock::new(Rank::Console, 0, 7);
    on_cpu::<Busted, _>(MAX_CPUS - 1, |_| std::mem::forget(CONSOLE.lock()));
    on_cpu::<Busted, _>(0, |_| {
        // SAFETY: the guard was forgotten, so nobody uses it again.
        unsafe { CONSOLE.bust() };
        assert_eq!(*CONSOLE.lock(), 7);
    });
    assert_eq!(OUTSIDE.take(), "");
}

/// Runs `step(cpu, round)` on every CPU, many times, all at once; each step inside the big lock.
fn each_cpu<M: sync::Machine>(step: impl Fn(usize, usize) + Sync) {
    thread::scope(|scope| {
        for cpu in 0..CPUS {
            let step = &step;
            scope.spawn(move || {
                on_cpu::<M, _>(cpu, |big| {
                    for round in 0..ROUNDS {
                        step(cpu, round);
                        big.unlocked(|| ());
                    }
                });
            });
        }
    });
}
