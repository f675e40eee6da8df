//! Two CPUs that really hang: the report names the circle. Only where fine locks are waited for.
#![cfg(all(
    not(feature = "big-lock"),
    any(feature = "order", feature = "full", all(debug_assertions, not(feature = "off"), not(feature = "stats")))
))]

mod common;

use common::{CPU, on_cpu};
use std::sync::Barrier;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use sync::{Rank, SpinLock, order};

machine!(This, OUTSIDE);
machine!(Asking, ASKING);

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
        if OUTSIDE.text.lock().unwrap().matches("and waits for").count() == 2 {
            break;
        }
        thread::yield_now();
    }
    // Now time passes.
    OUTSIDE.step.store(1_000, SeqCst);
    assert!(first.join().is_err() | second.join().is_err(), "at least one gives up");
    text += &OUTSIDE.take();

    assert!(text.contains("LOCKREPORT kind=stuck"), "{text}");
    assert!(text.contains("CPU 0 waits for env vm #1 at "), "{text}");
    assert!(text.contains("CPU 1 waits for env vm #0 at "), "{text}");
    assert!(text.contains("waits for itself: a deadlock"), "{text}");
}

fn hold_and_want(cpu: usize, held: &SpinLock<(), This>, wanted: &SpinLock<(), This>) {
    on_cpu::<This, _>(cpu, |_| {
        let _held = held.lock();
        BOTH_HOLD_ONE.wait();
        drop(wanted.lock());
    });
}

/// CPU 0 holds a lock and waits for CPU 1 to answer; CPU 1 waits for the lock.
#[test]
fn a_circle_through_a_question_is_named() {
    static ENV: SpinLock<(), Asking> = SpinLock::new(Rank::EnvVm, 0, ());
    static HELD: Barrier = Barrier::new(2);

    let asker = thread::spawn(|| {
        on_cpu::<Asking, _>(0, |_| {
            let _env = ENV.lock();
            HELD.wait();
            // Time passes only once both wait.
            let unanswered = || {
                let text = held_text();
                if text.contains("waits for env vm") && text.contains("waits for CPU 1") {
                    ASKING.step.store(1_000, SeqCst);
                }
                true
            };
            order::await_cpu::<Asking>(1, unanswered);
        });
    });
    let asked = thread::spawn(|| {
        on_cpu::<Asking, _>(1, |_| {
            HELD.wait();
            drop(ENV.lock());
        });
    });
    assert!(asker.join().is_err() | asked.join().is_err(), "at least one gives up");
    let text = ASKING.take();
    assert!(text.contains("CPU 0 waits for CPU 1 to answer at "), "{text}");
    assert!(text.contains("CPU 1 waits for env vm #0 at "), "{text}");
    assert!(text.contains("waits for itself: a deadlock"), "{text}");
}

#[test]
fn an_answer_ends_the_wait() {
    machine!(This, OUTSIDE);
    let questions = std::cell::Cell::new(3);
    on_cpu::<This, _>(0, |_| {
        order::await_cpu::<This>(1, || questions.replace(questions.get() - 1) > 0);
        order::print_held::<This>();
    });
    assert_eq!(OUTSIDE.take(), "  no CPU holds a lock\n");
}

fn held_text() -> String {
    order::print_held::<Asking>();
    ASKING.text.lock().unwrap().clone()
}
