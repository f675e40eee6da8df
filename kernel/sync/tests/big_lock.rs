//! What only the big-lock build has: fine locks that are not real, inside one that is.
#![cfg(feature = "big-lock")]

mod common;

use common::on_cpu;
use std::panic::catch_unwind;
use sync::{Rank, SpinLock, big};

#[test]
fn the_big_lock_is_not_taken_twice() {
    machine!(This, OUTSIDE);
    on_cpu::<This, _>(0, |_| {
        assert!(big::is_held::<This>());
        assert!(catch_unwind(|| drop(big::enter::<This>())).is_err());
    });
    assert!(!big::is_held::<This>());
    assert_eq!(OUTSIDE.take(), "");
}

#[test]
fn who_waits_for_others_has_let_go_of_the_big_lock() {
    machine!(This, OUTSIDE);
    on_cpu::<This, _>(0, |big| {
        assert!(catch_unwind(big::assert_let_go::<This>).is_err());
        big.unlocked(big::assert_let_go::<This>);
        // Another CPU's is none of this one's.
        common::CPU.set(1);
        big::assert_let_go::<This>();
        common::CPU.set(0);
    });
    big::assert_let_go::<This>();
    assert_eq!(OUTSIDE.take(), "");
}

#[test]
fn a_lock_taken_under_another_big_guard_is_refused() {
    machine!(This, OUTSIDE);
    let env = SpinLock::<u32, This>::new(Rank::EnvLife, 0, 0);
    on_cpu::<This, _>(0, |_| std::mem::forget(env.lock()));
    on_cpu::<This, _>(1, |_| {
        assert!(env.try_lock().is_none());
        assert!(catch_unwind(std::panic::AssertUnwindSafe(|| drop(env.lock()))).is_err());
    });
}

#[test]
#[cfg(any(feature = "order", feature = "full", all(debug_assertions, not(feature = "off"), not(feature = "stats"))))]
fn fine_locks_need_the_big_one() {
    machine!(This, OUTSIDE);
    let env = SpinLock::<u32, This>::new(Rank::EnvLife, 0, 0);
    common::CPU.set(0);
    drop(env.lock());
    assert_eq!(OUTSIDE.kinds(), ["no-big-lock"]);
    on_cpu::<This, _>(0, |big| {
        drop(env.lock());
        assert_eq!(OUTSIDE.kinds(), [""; 0]);
        big.unlocked(|| drop(env.lock()));
        assert_eq!(OUTSIDE.kinds(), ["no-big-lock"]);
        let held = env.lock();
        big.unlocked(|| ());
        assert_eq!(OUTSIDE.kinds(), ["gate-big-lock"]);
        drop(held);
    });
}
