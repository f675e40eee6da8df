//! Random paths through the locks, judged by the checker and by a plain re-statement of the rules.
//!
//! The checker reports each two places once, so a path ends at its first report and the next one
//! gets a fresh checker.
#![cfg(any(feature = "order", feature = "full", all(debug_assertions, not(feature = "off"), not(feature = "stats"))))]

mod common;

use common::{Outside, on_cpu, random};
use std::fmt;
use sync::order::Checker;
use sync::rank::{EDGES, Pairs};
use sync::{Guard, Machine, Rank, SpinLock, big};

const PATHS: usize = 2_000;
/// The longest path.
const STEPS: usize = 24;
const LOCKS: usize = 6;

static OUTSIDE: Outside = Outside::new();
static BIG: big::BigLock = big::BigLock::new();

static CHECKER: Checker = Checker::new();

struct This;

impl Machine for This {
    fn cpu() -> usize {
        common::CPU.get()
    }

    fn interrupts_enabled() -> bool {
        false
    }

    fn checker() -> &'static Checker {
        &CHECKER
    }

    fn stats() -> &'static sync::stats::Stats {
        static STATS: sync::stats::Stats = sync::stats::Stats::new();
        &STATS
    }

    fn ticks() -> u32 {
        0
    }

    fn micros(ticks: u64) -> u64 {
        ticks
    }

    fn big_lock() -> &'static big::BigLock {
        &BIG
    }

    fn report(text: fmt::Arguments<'_>) {
        OUTSIDE.print(text);
    }

    fn backtrace(_: &mut [u32]) -> usize {
        0
    }

    fn symbol(_: u32, _: fmt::Arguments<'_>, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }

    fn millis() -> u32 {
        0
    }
}

#[test]
fn checker_and_oracle_agree_on_random_paths() {
    on_cpu::<This, _>(0, |_| {
        let (mut silent, mut reported) = (0, 0);
        for seed in 0..PATHS {
            match walk(seed) {
                None => silent += 1,
                Some(()) => reported += 1,
            }
        }
        assert!(silent > PATHS / 4, "{silent} silent paths are too few to mean something");
        assert!(reported > PATHS / 4, "{reported} reports are too few to mean something");
    });
}

/// Takes and releases locks at random; `Some` if that was reported, as it then had to be.
fn walk(seed: usize) -> Option<()> {
    let mut random = random(seed);
    // Few classes and few keys make equal ones likely; an order-keeping bias makes long paths likely.
    let mut classes: [(Rank, u16); LOCKS] =
        std::array::from_fn(|_| (Rank::ALL[random(Rank::CpuAnswer as usize)], [0, 1, 2][random(3)]));
    classes.sort_by_key(|&(rank, key)| (rank as u8, key));
    let locks = classes.map(|(rank, key)| SpinLock::<(), This>::new(rank, key, ()));
    let mut held: Vec<(usize, Guard<'_, (), This>)> = Vec::new();
    for _ in 0..random(STEPS) {
        let above = held.last().map_or(0, |(last, _)| last + 1);
        let lock = match random(8) {
            0 => random(LOCKS),
            _ if above < LOCKS => above + random(LOCKS - above),
            _ => {
                held.pop();
                continue;
            }
        };
        if random(3) == 0 && !held.is_empty() {
            drop(held.remove(random(held.len())));
        } else if held.iter().any(|(other, _)| *other == lock) {
            assert!(locks[lock].try_lock().is_none());
        } else if random(6) == 0 {
            held.push((lock, locks[lock].try_lock().unwrap()));
        } else {
            let expected = judge(held.iter().map(|(other, _)| classes[*other]), classes[lock]);
            held.push((lock, locks[lock].lock()));
            let found = OUTSIDE.kinds();
            assert_eq!(found, Vec::from_iter(expected), "seed {seed}: {classes:?}, lock {lock}");
            if expected.is_some() {
                drop(held);
                CHECKER.reset();
                return Some(());
            }
        }
    }
    None
}

/// What is wrong with taking `wanted` while `held` is held: the rules once more, in another way.
fn judge(held: impl Iterator<Item = (Rank, u16)>, wanted: (Rank, u16)) -> Option<&'static str> {
    for (rank, key) in held {
        let kind = match (leads(rank, wanted.0), leads(wanted.0, rank), key.cmp(&wanted.1)) {
            _ if rank == wanted.0 && rank.pairs() == Pairs::Never => "pair-never",
            (_, _, std::cmp::Ordering::Less) if rank == wanted.0 => continue,
            (_, _, std::cmp::Ordering::Equal) if rank == wanted.0 => "pair-equal",
            (_, _, std::cmp::Ordering::Greater) if rank == wanted.0 => "pair-order",
            (true, _, _) => continue,
            _ if !EDGES.iter().any(|edge| edge.outer == rank) => "leaf",
            (_, true, _) => "inversion",
            _ => "undeclared",
        };
        return Some(kind);
    }
    None
}

/// Whether declared edges lead from `outer` to `inner`.
fn leads(outer: Rank, inner: Rank) -> bool {
    EDGES.iter().any(|edge| edge.outer == outer && (edge.inner == inner || leads(edge.inner, inner)))
}
