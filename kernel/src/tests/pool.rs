//! The pool: its order on one CPU, and that nothing is lost between several.

use std::sync::atomic::{AtomicU32, Ordering};

use sync::Rank;

use super::machine::{Machine, in_kernel, machine, random};
use crate::pool::Pool;

/// As frames are kept, and as env slots are, but smaller.
type Batched = Pool<256, 16, 8, 4>;
type OneByOne = Pool<64, 8, 1, 4>;

const fn pool<const N: usize, const CACHE: usize, const BATCH: usize, const GROUP: usize>()
-> Pool<N, CACHE, BATCH, GROUP> {
    Pool::new(Rank::FrameCache, Rank::PageAllocator)
}

/// Takes and gives at random, in long runs, and compares with one list.
fn compare_with_a_list<const N: usize, const CACHE: usize, const BATCH: usize, const GROUP: usize>(
    pool: &Pool<N, CACHE, BATCH, GROUP>,
) {
    let mut random = random(7);
    let mut list: Vec<u16> = (0..N as u16).rev().collect();
    let mut out = Vec::new();
    pool.fill(list.iter().copied());
    for _ in 0..2_000 {
        let (taking, run) = (random(2) == 0, random(3 * CACHE));
        for _ in 0..run {
            if taking {
                let taken = pool.take();
                assert_eq!(taken, list.pop());
                out.extend(taken);
            } else if !out.is_empty() {
                let number = out.swap_remove(random(out.len()));
                pool.give(number);
                list.push(number);
            }
        }
        assert_eq!(pool.available(), list.len());
    }
}

#[test]
fn on_one_cpu_a_pool_is_one_list() {
    static BATCHED: Batched = pool();
    static ONE_BY_ONE: OneByOne = pool();
    let _machine = machine();
    compare_with_a_list(&BATCHED);
    compare_with_a_list(&ONE_BY_ONE);
}

#[test]
fn what_two_cpus_take_shares_no_line_of_records() {
    static POOL: Batched = pool();
    let mut machine = machine();
    // Not at the beginning of a group, as memory that is free is not.
    POOL.fill((3..251).rev());
    let group = |number: &u16| number / 4;
    let take = |machine: &mut Machine, cpu| -> Vec<u16> {
        machine.as_cpu(cpu, || (0..30).map(|_| POOL.take().unwrap()).collect())
    };
    let mine = take(&mut machine, 1);
    let theirs = take(&mut machine, 2);
    assert!(!mine.iter().any(|one| theirs.iter().any(|other| group(one) == group(other))), "{mine:?} {theirs:?}");
    // Also after they went through the global list.
    for (cpu, taken) in [(1, &mine), (2, &theirs)] {
        machine.as_cpu(cpu, || taken.iter().rev().for_each(|&number| POOL.give(number)));
    }
    let (mine, theirs) = (take(&mut machine, 3), take(&mut machine, 1));
    assert!(!mine.iter().any(|one| theirs.iter().any(|other| group(one) == group(other))), "{mine:?} {theirs:?}");
}

#[test]
fn race_40_exhaustion_finds_what_other_caches_hold() {
    static POOL: Batched = pool();
    let mut machine = machine();
    POOL.fill(0..30);
    // CPUs 1 to 3 take and give back ten each; they stay in their caches.
    let taken: Vec<_> = core::iter::from_fn(|| POOL.take()).collect();
    assert_eq!(taken.len(), 30);
    for cpu in 1..=3 {
        machine.as_cpu(cpu, || taken[cpu * 10 - 10..cpu * 10].iter().for_each(|&number| POOL.give(number)));
    }
    assert_eq!(POOL.available(), 30);
    let mut again: Vec<_> = core::iter::from_fn(|| POOL.take()).collect();
    again.sort_unstable();
    assert_eq!(again, (0..30).collect::<Vec<_>>());
    assert_eq!((POOL.take(), POOL.available()), (None, 0));
    machine.as_cpu(200, || POOL.give(5));
    assert_eq!((POOL.take(), POOL.take()), (Some(5), None));
}

/// CPU 1 has found its own cache and the list empty. Before it looks into the cache of CPU 2, that one fills its cache, spills,
/// and empties it again: the numbers are in the list when nobody looks there any more, unless CPU 1 looks again. (The big
/// lock would not let CPU 2 in meanwhile.)
#[cfg(not(feature = "big-lock"))]
#[test]
fn race_40_what_went_to_the_list_meanwhile_is_found() {
    use crate::point::Point;
    use crate::window::{self, tests::Armed};

    static POOL: Pool<16, 4, 2, 1> = pool();
    let mut machine = machine();
    let _armed = Armed::new(&["take-far#1:sent#2", "embryo#2:take-far#1"]);
    machine.parallel(2, |cpu| {
        if cpu == 1 {
            assert!(in_kernel(|| POOL.take()).is_some(), "two numbers are in the list");
        } else {
            in_kernel(|| window::at(Point::Embryo));
            (0..5).for_each(|number| in_kernel(|| POOL.give(number)));
            assert_eq!((0..3).filter_map(|_| in_kernel(|| POOL.take())).count(), 3);
            in_kernel(|| window::at(Point::Sent));
        }
    });
}

#[test]
fn race_26_numbers_are_conserved_between_cpus() {
    static POOL: Batched = pool();
    /// How many CPUs have each number: never more than one.
    static OWNERS: [AtomicU32; 256] = [const { AtomicU32::new(0) }; 256];
    let mut machine = machine();
    POOL.fill(0..256);
    let give = |number: u16| {
        OWNERS[usize::from(number)].fetch_sub(1, Ordering::Relaxed);
        in_kernel(|| POOL.give(number));
    };
    machine.parallel(4, |cpu| {
        let mut random = random(cpu as u32);
        let mut mine = Vec::new();
        for _ in 0..2_000 {
            for _ in 0..random(100) {
                let Some(number) = in_kernel(|| POOL.take()) else { break };
                assert_eq!(OWNERS[usize::from(number)].fetch_add(1, Ordering::Relaxed), 0, "{number} has two owners");
                mine.push(number);
            }
            for _ in 0..random(mine.len() + 1) {
                give(mine.swap_remove(random(mine.len())));
            }
        }
        mine.into_iter().for_each(give);
    });
    let mut all: Vec<_> = core::iter::from_fn(|| POOL.take()).collect();
    all.sort_unstable();
    assert_eq!(all, (0..256).collect::<Vec<_>>());
}
