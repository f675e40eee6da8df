//! What is neither order nor gate: circles, waits that are no locks, ownership, memory, promises.
#![cfg(any(feature = "order", feature = "full", all(debug_assertions, not(feature = "off"), not(feature = "stats"))))]

mod common;

use common::{CPU, on_cpu};
use std::mem::{MaybeUninit, forget};
use std::panic::{AssertUnwindSafe, catch_unwind};
use sync::{Rank, SpinLock, order};

type Lock<M> = SpinLock<u32, M>;

fn nothing() -> Vec<String> {
    Vec::new()
}

#[test]
fn a_circle_of_three_is_drawn_as_short_as_it_can_be() {
    machine!(This, OUTSIDE);
    let [table, queue, frames] =
        [Rank::EnvTable, Rank::RunQueue, Rank::FrameCache].map(|rank| Lock::<This>::new(rank, 0, 0));
    let nest = |cpu, outer: &Lock<This>, inner: &Lock<This>| {
        on_cpu::<This, _>(cpu, |_| {
            let _outer = outer.lock();
            drop(inner.lock());
        });
    };
    nest(0, &table, &queue);
    nest(1, &queue, &frames);
    assert_eq!(OUTSIDE.kinds(), ["undeclared", "undeclared"]);
    nest(2, &frames, &table);
    let text = OUTSIDE.take();
    assert!(text.contains("LOCKREPORT kind=cycle outer=frame-cache#0 inner=env-table#0"), "{text}");
    let lines =
        ["frame cache -> env table: this report", "env table -> run queue: first", "run queue -> frame cache: first"];
    assert!(lines.iter().all(|line| text.contains(line)), "{text}");
    assert!(text.contains("a further CPU takes run queue") && !text.contains("note: CPU"), "{text}");
}

#[test]
fn the_doubts_of_readers_are_answered() {
    machine!(This, OUTSIDE);
    let [life, queue, frames] =
        [Rank::EnvLife, Rank::RunQueue, Rank::FrameCache].map(|rank| Lock::<This>::new(rank, 0, 0));
    on_cpu::<This, _>(0, |_| {
        let gate = life.lock();
        let outer = queue.lock();
        drop(frames.lock());
        drop(outer);
        let outer = frames.lock();
        drop(queue.lock());
        drop((gate, outer));
    });
    let text = OUTSIDE.take();
    assert!(text.contains("note: CPU 0 alone has done all of this so far"), "{text}");
    assert!(text.contains("note: each time env life was held as well"), "{text}");
}

#[test]
fn to_try_again_and_again_is_to_wait() {
    machine!(This, OUTSIDE);
    let [life, ipc, queue] = [Rank::EnvLife, Rank::EnvIpc, Rank::RunQueue].map(|rank| Lock::<This>::new(rank, 0, 0));
    let try_often = |lock: &Lock<This>| (0..1_000).for_each(|_| drop(lock.try_lock()));
    on_cpu::<This, _>(0, |_| forget((life.lock(), queue.lock())));
    on_cpu::<This, _>(1, |_| {
        try_often(&life);
        for by_trying in [false, true] {
            for _ in 0..1_000 {
                // Lets go of what it has before it tries again: nobody waits for it meanwhile.
                let held = if by_trying { ipc.try_lock().unwrap() } else { ipc.lock() };
                assert!(life.try_lock().is_none());
                drop(held);
            }
        }
        let held = ipc.lock();
        (0..20).for_each(|_| drop(life.try_lock()));
        try_often(&queue);
        assert_eq!(OUTSIDE.kinds(), nothing());
        try_often(&life);
        assert_eq!(OUTSIDE.kinds(), ["inversion"]);
        assert!(catch_unwind(AssertUnwindSafe(|| try_often(&ipc))).is_err());
        assert_eq!(OUTSIDE.kinds(), ["self-deadlock"]);
        drop(held);
    });
}

#[test]
fn an_answer_is_waited_for_with_the_right_locks() {
    machine!(This, OUTSIDE);
    on_cpu::<This, _>(0, |_| {
        let [vm, queue] = [Rank::EnvVm, Rank::RunQueue].map(|rank| Lock::<This>::new(rank, 0, 0));
        let held = vm.lock();
        order::await_cpu::<This>(1, || false);
        assert_eq!(OUTSIDE.kinds(), nothing());
        drop(held);
        let held = queue.lock();
        order::await_cpu::<This>(1, || false);
        assert_eq!(OUTSIDE.kinds(), ["remote-wait"]);
        drop(held);
        assert!(catch_unwind(|| order::await_cpu::<This>(0, || true)).is_err());
        assert_eq!(OUTSIDE.kinds(), ["self-wait"]);
    });
}

#[test]
fn a_cpu_in_user_mode_takes_no_lock() {
    machine!(This, OUTSIDE);
    on_cpu::<This, _>(0, |_| {
        let vm = Lock::<This>::new(Rank::EnvVm, 0, 0);
        order::entering_user::<This>();
        order::left_user::<This>();
        drop(vm.lock());
        assert_eq!(OUTSIDE.kinds(), nothing());
        order::entering_user::<This>();
        drop(vm.lock());
        let text = OUTSIDE.take();
        assert!(text.contains("kind=answer-owed outer=cpu-answer#0 inner=env-vm#0"), "{text}");
        assert!(text.contains("env vm -> cpu answer: declared at"), "{text}");
        order::left_user::<This>();
    });
}

#[test]
fn a_rare_path_is_checked_though_it_is_not_taken() {
    machine!(This, OUTSIDE);
    on_cpu::<This, _>(0, |_| {
        let [vm, frames, list] =
            [Rank::EnvVm, Rank::FrameCache, Rank::PageAllocator].map(|rank| Lock::<This>::new(rank, 0, 0));
        let held = frames.lock();
        list.might_lock();
        assert_eq!(OUTSIDE.kinds(), nothing());
        vm.might_lock();
        assert_eq!(OUTSIDE.kinds(), ["inversion"]);
        drop(held);
        drop(vm.lock());
    });
}

#[test]
fn memory_with_a_held_lock_is_not_freed() {
    machine!(This, OUTSIDE);
    let page = Box::new([Lock::<This>::new(Rank::EnvLife, 0, 0), Lock::<This>::new(Rank::EnvLife, 1, 0)]);
    let (start, len) = (std::ptr::from_ref(&*page).addr(), size_of_val(&*page));
    on_cpu::<This, _>(3, |_| drop(page[1].lock()));
    order::freed::<This>(start, len);
    on_cpu::<This, _>(3, |_| forget(page[1].lock()));
    order::freed::<This>(start, len / 2);
    assert_eq!(OUTSIDE.kinds(), nothing());
    CPU.set(0);
    order::freed::<This>(start, len);
    assert_eq!(OUTSIDE.kinds(), ["freed-held"]);
}

#[test]
fn a_lock_is_made_before_and_not_while_it_is_used() {
    machine!(This, OUTSIDE);
    on_cpu::<This, _>(0, |_| {
        let zeros = MaybeUninit::<Lock<This>>::zeroed();
        // SAFETY: zeros are a valid value of every field of a lock, though not one that `new` makes.
        let lock = unsafe { zeros.assume_init_ref() };
        drop(lock.lock());
        assert_eq!(OUTSIDE.kinds(), ["uninitialised"]);
        let mut lock = Lock::<This>::new(Rank::EnvLife, 0, 0);
        let held = std::ptr::from_mut(&mut lock);
        // SAFETY: the lock lives to the end of this scope, and its data is not touched.
        forget(unsafe { &*held }.lock());
        // SAFETY: as above; writing over a held lock is the mistake under test.
        unsafe { held.write(Lock::new(Rank::EnvLife, 0, 0)) };
        CPU.set(1);
        // SAFETY: as above.
        let again = unsafe { &*held };
        drop(again.try_lock());
        CPU.set(0);
    });
    // CPU 1 has not entered the kernel, which is a mistake where there is a big lock to enter it with.
    let without_the_big_lock = cfg!(feature = "big-lock").then_some("no-big-lock");
    let expected: Vec<_> = without_the_big_lock.into_iter().chain(["two-holders"]).collect();
    assert_eq!(OUTSIDE.kinds(), expected);
}

#[test]
fn a_pinned_lock_stays_held() {
    machine!(This, OUTSIDE);
    on_cpu::<This, _>(0, |_| {
        let vm = Lock::<This>::new(Rank::EnvVm, 0, 0);
        let held = vm.lock();
        drop(vm.pin());
        drop(held);
        assert_eq!(OUTSIDE.kinds(), nothing());
        let held = vm.lock();
        let pin = vm.pin();
        drop(held);
        let held = vm.lock();
        drop(pin);
        drop(held);
        assert_eq!(OUTSIDE.kinds(), ["pin-lost"]);
        vm.assert_not_held();
        drop(vm.pin());
        assert_eq!(OUTSIDE.kinds(), ["assert-held"]);
        let held = vm.lock();
        vm.assert_not_held();
        assert_eq!(OUTSIDE.kinds(), ["assert-not-held"]);
        drop(held);
    });
}

/// A known chain is checked by one look, but two of one class and a lock held twice are seen all the same.
#[test]
fn what_was_right_once_is_not_right_for_every_lock() {
    machine!(This, OUTSIDE);
    on_cpu::<This, _>(0, |_| {
        let [a, b] = [0, 1].map(|key| Lock::<This>::new(Rank::EnvVm, key, 0));
        for _ in 0..3 {
            let (first, second) = (a.lock(), b.lock());
            drop((second, first));
        }
        assert_eq!(OUTSIDE.kinds(), nothing());
        let first = b.lock();
        drop(a.lock());
        assert_eq!(OUTSIDE.kinds(), ["pair-order"]);
        assert!(catch_unwind(AssertUnwindSafe(|| drop(b.lock()))).is_err());
        assert_eq!(OUTSIDE.kinds(), ["self-deadlock"]);
        drop(first);
    });
}
