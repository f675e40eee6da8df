//! Two CPUs that really hang: the report names the circle. Only where fine locks are waited for.
#![cfg(all(debug_assertions, not(feature = "big-lock")))]

mod common;

use common::{CPU, on_cpu};
use std::sync::Barrier;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use sync::{Rank, SpinLock, order};

machine!(This, OUTSIDE);

static A: SpinLock<(), This> = SpinLock::new(Rank::EnvVm, 0, ());
static B: SpinLock<(), This> = SpinLock::new(Rank::EnvVm, 1, ());
static BOTH_HOLD_ONE: Barrier = Barrier::new(2);

#[test]
fn a_circle_is_named() {
    let first = thread::spawn(|| hold_and_want(0, &A, &B));
    let second = thread::spawn(|| hold_and_want(1, &B, &A));
    CPU.set(2);
    let mut text;
    loop {
        text = OUTSIDE.take();
        order::print_held::<This>();
        if OUTSIDE
            .text
            .lock()
            .unwrap()
            .matches("and waits for")
            .count()
            == 2
        {
            break;
        }
        thread::yield_now();
    }
    // Now time passes.
    OUTSIDE.step.store(1_000, SeqCst);
    assert!(
        first.join().is_err() | second.join().is_err(),
        "at least one gives up"
    );
    text += &OUTSIDE.take();

    assert!(text.contains("LOCKREPORT kind=stuck"), "{text}");
    assert!(
        text.contains("CPU 0 waits for env vm #1, taken by CPU 1 at "),
        "{text}"
    );
    assert!(
        text.contains("CPU 1 waits for env vm #0, taken by CPU 0 at "),
        "{text}"
    );
    assert!(text.contains("waits for itself: a deadlock"), "{text}");
}

fn hold_and_want(cpu: usize, held: &SpinLock<(), This>, wanted: &SpinLock<(), This>) {
    on_cpu::<This, _>(cpu, |_| {
        let _held = held.lock();
        BOTH_HOLD_ONE.wait();
        drop(wanted.lock());
    });
}
