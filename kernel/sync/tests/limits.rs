//! What happens where a table is full: nothing is lost but what the report says is lost.
//!
//! Tables that have a place for each class, or for each two, cannot overflow: their sizes are `Rank::COUNT`, and a class is
//! an index below it. What could fill up is tried here with one more than fits.
#![cfg(any(feature = "order", feature = "full", all(debug_assertions, not(feature = "off"), not(feature = "stats"))))]

mod common;

use common::on_cpu;
use std::collections::BTreeSet;
use sync::{Rank, SpinLock, order};

type Lock<M> = SpinLock<(), M>;

/// Every class has its own place in every table: what is learned of one is not learned of another.
#[test]
fn every_two_classes_have_a_place() {
    machine!(This, OUTSIDE);
    let locks = Vec::from_iter(Rank::ALL[..Rank::COUNT - 1].iter().map(|&rank| Lock::<This>::new(rank, 0, ())));
    on_cpu::<This, _>(0, |_| {
        let mut shown = BTreeSet::new();
        for outer in &locks {
            for inner in locks.iter().filter(|inner| !std::ptr::eq(*inner, outer)) {
                let held = outer.lock();
                drop(inner.lock());
                drop(held);
                let graph = order::graph::<This>().to_string();
                let edges = graph.lines().filter(|line| line.contains("style=\"solid\""));
                let edges: BTreeSet<_> = edges.map(|line| line.split(" [").next().unwrap().to_owned()).collect();
                assert_eq!(edges.len(), shown.len() + 1, "one edge more each time");
                shown = edges;
            }
        }
        assert_eq!(shown.len(), (Rank::COUNT - 1) * (Rank::COUNT - 2));
    });
}

/// As many locks as the notes of a CPU have room for are noted; one more is reported, and when all is released nothing is
/// left over.
#[test]
fn one_lock_too_many_is_reported() {
    machine!(This, OUTSIDE);
    const ROOM: usize = 2 * Rank::COUNT;
    let locks = Vec::from_iter((0..=ROOM as u16).map(|key| Lock::<This>::new(Rank::EnvVm, key, ())));
    on_cpu::<This, _>(0, |_| {
        let mut held = Vec::from_iter(locks[..ROOM].iter().map(SpinLock::lock));
        assert_eq!(OUTSIDE.kinds(), [""; 0]);
        held.push(locks[ROOM].lock());
        assert_eq!(OUTSIDE.kinds(), ["too-many"]);
        held.reverse();
        drop(held);
        order::print_held::<This>();
        assert_eq!(OUTSIDE.take(), "  no CPU holds a lock\n");
        // The table works as before.
        let held = locks[1].lock();
        drop(locks[0].lock());
        assert_eq!(OUTSIDE.kinds(), ["pair-order"]);
        drop(held);
    });
}

/// More different chains than a CPU remembers: those that do not fit are checked each time, and rightly.
#[test]
fn chains_that_are_not_remembered_are_checked_all_the_same() {
    machine!(This, OUTSIDE);
    let locks = Vec::from_iter(Rank::ALL[..Rank::COUNT - 1].iter().map(|&rank| Lock::<This>::new(rank, 0, ())));
    on_cpu::<This, _>(0, |_| {
        // Every set of locks that is held in some right order, by trying: 2^9 sets, of which the order allows many.
        let mut chains = 0;
        for round in 0..2 {
            for set in 1_u32..1 << locks.len() {
                let members = Vec::from_iter((0..locks.len()).filter(|at| set & 1 << at != 0));
                let right = |two: &[usize]| Rank::ALL[two[0]].allows(Rank::ALL[two[1]]);
                let pairs =
                    members.iter().enumerate().flat_map(|(i, &a)| members[i + 1..].iter().map(move |&b| [a, b]));
                if pairs.into_iter().all(|two| right(&two)) {
                    chains += 1;
                    let held = Vec::from_iter(members.iter().map(|&at| locks[at].lock()));
                    assert_eq!(OUTSIDE.kinds(), [""; 0], "round {round}: {members:?}");
                    held.into_iter().rev().for_each(drop);
                }
            }
        }
        // By try, any order is right: these are further chains, of which no CPU has ever seen more than fit.
        for set in 1_u32..1 << locks.len() {
            let held = Vec::from_iter((0..locks.len()).filter(|at| set & 1 << at != 0).map(|at| locks[at].try_lock()));
            order::await_cpu::<This>(1, || false);
            let only_vm =
                (0..locks.len()).filter(|at| set & 1 << at != 0).all(|at| Rank::ALL[at].allows(Rank::CpuAnswer));
            let found = OUTSIDE.kinds();
            assert!(!only_vm || found.is_empty(), "{set:#x}: {found:?}");
            drop(held);
        }
        assert!(chains > 30, "{chains}");
        // And a wrong one is still seen.
        let held = locks[Rank::RunQueue as usize].lock();
        drop(locks[Rank::EnvLife as usize].lock());
        assert_eq!(OUTSIDE.kinds(), ["inversion"]);
        drop(held);
    });
}

/// How often an edge was walked is not forgotten with the chain that counted it.
#[test]
fn edges_are_counted_on_when_chains_are_forgotten() {
    machine!(This, OUTSIDE);
    let locks = Vec::from_iter(Rank::ALL[..Rank::COUNT - 1].iter().map(|&rank| Lock::<This>::new(rank, 0, ())));
    let walk = |times| {
        for _ in 0..times {
            let held = locks[Rank::EnvIpc as usize].lock();
            drop(locks[Rank::EnvVm as usize].lock());
            drop(held);
        }
    };
    on_cpu::<This, _>(0, |_| {
        walk(7);
        // More chains than a CPU remembers, none with that edge: by try any order is right.
        for set in (1_u32..1 << locks.len()).filter(|set| set & 1 << Rank::EnvIpc as u32 == 0) {
            let held = Vec::from_iter((0..locks.len()).filter(|at| set & 1 << at != 0).map(|at| locks[at].try_lock()));
            drop(held);
        }
        walk(5);
        let graph = order::graph::<This>().to_string();
        let edge = graph.lines().find(|line| line.contains("\"env ipc\" -> \"env vm\"")).unwrap();
        assert!(edge.contains("label=\"12\""), "{edge}");
    });
}

/// What is found right after a lock was released out of its turn is found right for what is held then, and not for what was
/// held before.
#[test]
fn a_release_out_of_turn_teaches_nothing_wrong() {
    machine!(This, OUTSIDE);
    let spaces = [0, 1].map(|key| Lock::<This>::new(Rank::EnvVm, key, ()));
    let cache = Lock::<This>::new(Rank::FrameCache, 0, ());
    on_cpu::<This, _>(0, |_| {
        // The first, the one between, and the first of two that are next to each other.
        for _ in 0..3 {
            let first = spaces[0].lock();
            let between = cache.lock();
            let last = spaces[1].try_lock();
            drop(between);
            order::might_await::<This>();
            drop(first);
            order::might_await::<This>();
            drop(last);
            let (first, last) = (spaces[0].lock(), spaces[1].lock());
            drop(first);
            drop(cache.lock());
            drop(last);
            assert_eq!(OUTSIDE.kinds(), [""; 0]);
        }
        order::print_held::<This>();
        assert_eq!(OUTSIDE.take(), "  no CPU holds a lock\n");
        let (first, between) = (spaces[0].lock(), cache.lock());
        order::might_await::<This>();
        assert_eq!(OUTSIDE.kinds(), ["remote-wait"]);
        drop((between, first));
    });
}
