//! What is counted and timed, in the modes that do.
#![cfg(any(feature = "stats", feature = "full"))]

mod common;

use common::on_cpu;
use std::sync::atomic::Ordering::SeqCst;
use sync::{Rank, SpinLock, stats};

#[test]
fn times_are_means_and_maxima_over_all_cpus() {
    machine!(This, OUTSIDE);
    let vm = SpinLock::<_, This>::new(Rank::EnvVm, 0, ());
    for (cpu, ticks) in [(0, 10), (1, 30), (255, 5)] {
        on_cpu::<This, _>(cpu, |_| {
            let held = vm.lock();
            OUTSIDE.ticks.fetch_add(ticks, SeqCst);
            drop(held);
        });
    }
    let table = stats::table::<This>().to_string();
    let row: Vec<&str> = table.lines().find(|line| line.starts_with("env vm")).unwrap().split_whitespace().collect();
    assert_eq!(row, ["env", "vm", "3", "0", "0.0/0", "15.0/30"]);
}

#[cfg(feature = "full")]
#[test]
fn a_lock_has_a_budget() {
    machine!(This, OUTSIDE);
    let vm = SpinLock::<_, This>::new(Rank::EnvVm, 0, ());
    on_cpu::<This, _>(0, |_| {
        for (ticks, kinds) in [(2_999_999, vec![]), (3_000_001, vec!["held-long"])] {
            let held = vm.lock();
            OUTSIDE.ticks.fetch_add(ticks, SeqCst);
            drop(held);
            assert_eq!(OUTSIDE.kinds(), kinds);
        }
    });
}
