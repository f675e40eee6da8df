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

/// What is not in the table yet is less than the next one will stand for, and the mean is right all the time.
#[test]
fn a_lock_that_is_taken_often_is_timed_now_and_then() {
    machine!(This, OUTSIDE);
    let vm = SpinLock::<_, This>::new(Rank::EnvVm, 0, ());
    on_cpu::<This, _>(0, |_| {
        for times in 1..=3000 {
            let held = vm.lock();
            OUTSIDE.ticks.fetch_add(7, SeqCst);
            drop(held);
            let table = stats::table::<This>().to_string();
            let row = table.lines().find(|line| line.starts_with("env vm")).unwrap();
            let [taken, hold] = [2, 5].map(|column| row.split_whitespace().nth(column).unwrap());
            let missing = times - taken.parse::<u32>().unwrap();
            assert_eq!(hold, "7.0/7");
            if cfg!(feature = "full") {
                assert_eq!(missing, 0);
            } else {
                assert!(missing < (times / 8).clamp(1, 64), "{missing} of {times}");
            }
        }
    });
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
