//! Each kind of report is made when its rule is broken, and not by the twin that keeps the rule.
#![cfg(any(feature = "order", feature = "full", all(debug_assertions, not(feature = "off"), not(feature = "stats"))))]

mod common;

use common::{CPU, INTERRUPTS, on_cpu};
use std::mem::forget;
use std::panic::{AssertUnwindSafe, catch_unwind};
use sync::order::{self, Gate};
use sync::rank::Pairs;
use sync::{Rank, SpinLock, lock_pair};

/// Every class held while every class is wanted: 81 cases, good and bad.
#[test]
fn every_two_classes() {
    machine!(This, OUTSIDE);
    let locks = || Rank::ALL.into_iter().filter(|rank| !rank.is_wait());
    for held in locks() {
        for wanted in locks() {
            let expected = if held == wanted {
                (held.pairs() == Pairs::Never).then_some("pair-never")
            } else if held.allows(wanted) {
                None
            } else if held.is_leaf() {
                Some("leaf")
            } else {
                // Whatever was wanted before makes a circle with what is undeclared now.
                Some(if wanted.allows(held) { "inversion" } else { "unpromised" })
            };
            on_cpu::<This, _>(0, |_| {
                let outer = SpinLock::<_, This>::new(held, 1, ());
                let inner = SpinLock::<_, This>::new(wanted, 2, ());
                let (_outer, _inner) = (outer.lock(), inner.lock());
            });
            let unpromised =
                |kind: String| if kind == "cycle" || kind == "undeclared" { "unpromised".into() } else { kind };
            let kinds: Vec<String> = OUTSIDE.kinds().into_iter().map(unpromised).collect();
            assert_eq!(kinds, Vec::from_iter(expected), "{held:?}, then {wanted:?}");
        }
    }
}

/// The lock that breaks the order is not the last one taken, nor one of the first.
#[test]
fn all_held_locks_count() {
    machine!(This, OUTSIDE);
    on_cpu::<This, _>(0, |_| {
        let [life, ipc, vm, frames] = [Rank::EnvLife, Rank::EnvIpc, Rank::EnvVm, Rank::FrameCache]
            .map(|rank| SpinLock::<_, This>::new(rank, 0, ()));
        let (life, vm_held, frames) = (life.lock(), vm.lock(), frames.lock());
        // A hole before the end, and one at the end.
        drop(life);
        drop(frames);
        drop(ipc.lock());
        assert_eq!(OUTSIDE.kinds(), ["inversion"]);
        drop(vm_held);
        drop(ipc.lock());
        assert_eq!(OUTSIDE.kinds(), [""; 0]);
    });
}

#[test]
fn self_deadlock_is_seen_before_the_wait() {
    machine!(This, OUTSIDE);
    on_cpu::<This, _>(0, |_| {
        let env = SpinLock::<_, This>::new(Rank::EnvLife, 0, ());
        let held = env.lock();
        assert!(catch_unwind(AssertUnwindSafe(|| drop(env.lock()))).is_err());
        assert_eq!(OUTSIDE.kinds(), ["self-deadlock"]);
        assert!(env.try_lock().is_none());
        drop(held);
        // The twins: again, but after releasing; and the same lock twice as a pair.
        drop(env.lock());
        drop(lock_pair(&env, &env));
    });
    assert_eq!(OUTSIDE.kinds(), [""; 0]);
}

#[test]
fn two_of_one_class_go_by_key() {
    machine!(This, OUTSIDE);
    on_cpu::<This, _>(0, |_| {
        let [a, b, twin] = [3, 4, 4].map(|key| SpinLock::<_, This>::new(Rank::EnvVm, key, key));
        let (held, wanted) = (b.lock(), a.lock());
        assert_eq!(OUTSIDE.kinds(), ["pair-order"]);
        drop((held, wanted));
        drop(lock_pair(&b, &twin));
        assert_eq!(OUTSIDE.kinds(), ["pair-equal"]);
        // The twins: in order, and as a pair named either way.
        let (held, wanted) = (a.lock(), b.lock());
        drop((held, wanted));
        let mut pair = lock_pair(&b, &a);
        assert_eq!((*pair.first(), *pair.second()), (4, 3));
    });
    assert_eq!(OUTSIDE.kinds(), [""; 0]);
}

#[test]
fn a_try_keeps_no_order_but_what_follows_does() {
    machine!(This, OUTSIDE);
    on_cpu::<This, _>(0, |_| {
        let [a, b] = [0, 1].map(|key| SpinLock::<_, This>::new(Rank::EnvVm, key, ()));
        let env = SpinLock::<_, This>::new(Rank::EnvLife, 0, ());
        let held = (b.lock(), a.try_lock().unwrap());
        assert_eq!(OUTSIDE.kinds(), [""; 0]);
        drop(env.lock());
        assert_eq!(OUTSIDE.kinds(), ["inversion"]);
        drop(held);
    });
}

#[test]
fn interrupts_must_be_off() {
    machine!(This, OUTSIDE);
    on_cpu::<This, _>(0, |_| {
        let env = SpinLock::<_, This>::new(Rank::EnvLife, 0, ());
        drop(env.lock());
        assert_eq!(OUTSIDE.kinds(), [""; 0]);
        INTERRUPTS.set(true);
        drop(env.lock());
        drop(env.try_lock());
        INTERRUPTS.set(false);
        // Each at the first and at the last moment; the two releases are one place.
        assert_eq!(OUTSIDE.kinds(), ["interrupts"; 3]);
    });
}

#[test]
fn nothing_is_held_at_a_gate() {
    machine!(This, OUTSIDE);
    on_cpu::<This, _>(0, |_| {
        let env = SpinLock::<_, This>::new(Rank::EnvLife, 0, ());
        let gates = [
            (Gate::UserReturn, "gate-user-return"),
            (Gate::Halt, "gate-halt"),
            (Gate::Monitor, "gate-monitor"),
            (Gate::AddressSpace, "gate-address-space"),
            (Gate::BigLock, "gate-big-lock"),
        ];
        for (gate, kind) in gates {
            order::gate::<This>(gate);
            assert_eq!(OUTSIDE.kinds(), [""; 0]);
            let held = env.lock();
            order::gate::<This>(gate);
            drop(held);
            assert_eq!(OUTSIDE.kinds(), [kind]);
        }
    });
}

#[test]
fn only_the_holder_releases() {
    machine!(This, OUTSIDE);
    on_cpu::<This, _>(0, |_| {
        let env = SpinLock::<_, This>::new(Rank::EnvLife, 0, ());
        let held = env.lock();
        CPU.set(5);
        drop(held);
        CPU.set(0);
        let text = OUTSIDE.take();
        assert!(text.contains("LOCKREPORT kind=other-cpu outer=env-life#0 inner=env-life#0"), "{text}");
        // Goes on as if nothing had been: no false self-deadlock.
        let held = env.lock();
        // SAFETY: only the checker is looked at; the data is `()`.
        unsafe { env.bust() };
        drop(held);
        assert_eq!(OUTSIDE.kinds(), ["double-release"]);
    });
}

#[test]
fn code_can_rely_on_a_lock() {
    machine!(This, OUTSIDE);
    on_cpu::<This, _>(0, |_| {
        let env = SpinLock::<_, This>::new(Rank::EnvLife, 0, ());
        let held = env.lock();
        env.assert_held();
        assert_eq!(OUTSIDE.kinds(), [""; 0]);
        // Locked is not enough: it must be this CPU.
        CPU.set(1);
        env.assert_held();
        CPU.set(0);
        drop(held);
        assert_eq!(OUTSIDE.kinds(), ["assert-held"]);
    });
}

#[test]
fn too_many_locks_are_reported_and_survived() {
    machine!(This, OUTSIDE);
    on_cpu::<This, _>(0, |_| {
        let envs: Vec<_> = (0..30).map(|key| SpinLock::<_, This>::new(Rank::EnvVm, key, ())).collect();
        let held: Vec<_> = envs.iter().map(SpinLock::lock).collect();
        assert_eq!(OUTSIDE.kinds(), ["too-many"]);
        drop(held);
        let held = envs[0].lock();
        order::gate::<This>(Gate::Halt);
        assert_eq!(OUTSIDE.kinds(), ["gate-halt"]);
        drop(held);
        order::gate::<This>(Gate::Halt);
        assert_eq!(OUTSIDE.kinds(), [""; 0]);
    });
}

#[test]
fn each_two_places_are_reported_once() {
    machine!(This, OUTSIDE);
    on_cpu::<This, _>(0, |_| {
        let queue = SpinLock::<_, This>::new(Rank::RunQueue, 0, ());
        let env = SpinLock::<_, This>::new(Rank::EnvLife, 0, ());
        for _ in 0..10 {
            let _queue = queue.lock();
            drop(env.lock());
        }
        assert_eq!(order::reports::<This>(), 1);
        let _queue = queue.lock();
        drop(env.lock());
        assert_eq!(order::reports::<This>(), 2);
    });
    assert_eq!(OUTSIDE.kinds(), ["inversion", "inversion"]);
}

#[test]
fn held_locks_of_all_cpus_can_be_printed() {
    machine!(This, OUTSIDE);
    let (env, pages) =
        (SpinLock::<_, This>::new(Rank::EnvLife, 9, ()), SpinLock::<_, This>::new(Rank::PageAllocator, 0, ()));
    order::print_held::<This>();
    assert_eq!(OUTSIDE.take(), "  no CPU holds a lock\n");
    on_cpu::<This, _>(0, |_| forget(env.lock()));
    on_cpu::<This, _>(255, |_| forget(pages.lock()));
    order::print_held::<This>();
    let text = OUTSIDE.take();
    assert!(text.starts_with("  CPU 0 holds, first taken first:\n    env life #9, taken at "), "{text}");
    assert!(text.contains("  CPU 255 holds, first taken first:\n    page allocator #0, taken at "), "{text}");
}
