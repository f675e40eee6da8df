//! Cells for each kind of report that one class of locks is enough for. See `order/selftest.rs`.

use super::selftest::{Bench, CPUS, Fake, Lock, Outcome, go_to, interrupts, lock};
use super::{Class, Gate, await_cpu, cells_of_trouble, entering_user, freed, gate, left_user};
use crate::{MAX_CPUS, Rank};
use core::ptr;

/// Runs all cells for locks of class `rank`.
pub(super) fn all(bench: &mut Bench, rank: Rank) -> Outcome {
    gates(bench, rank)?;
    interrupts_on(bench, rank)?;
    owners(bench, rank)?;
    promises(bench, rank)?;
    memory(bench, rank)?;
    answers(bench, rank)?;
    pairs(bench, rank)
}

fn gates(bench: &mut Bench, rank: Rank) -> Outcome {
    let gates = [
        (Gate::UserReturn, "gate-user-return"),
        (Gate::Halt, "gate-halt"),
        (Gate::Monitor, "gate-monitor"),
        (Gate::AddressSpace, "gate-address-space"),
        (Gate::BigLock, "gate-big-lock"),
    ];
    for (place, kind) in gates {
        for holds in [true, false] {
            if bench.start() {
                let lock = lock(rank, 0);
                let guard = lock.lock();
                let kept = holds.then_some(guard);
                gate::<Fake>(place);
                bench.expect(holds.then_some(kind))?;
                drop(kept);
            }
        }
    }
    Ok(())
}

/// On at each moment: when the lock is wanted, when it is tried, when it is released; and never.
fn interrupts_on(bench: &mut Bench, rank: Rank) -> Outcome {
    for on_at in 0..4 {
        if bench.start() {
            let lock = lock(rank, 0);
            interrupts(on_at == 0);
            let guard = lock.lock();
            bench.expect((on_at == 0).then_some("interrupts"))?;
            interrupts(on_at == 1);
            drop(guard);
            bench.expect((on_at == 1).then_some("interrupts"))?;
            interrupts(on_at == 2);
            let guard = lock.try_lock();
            bench.expect((on_at == 2).then_some("interrupts"))?;
            interrupts(false);
            drop(guard);
            bench.expect(None)?;
        }
    }
    Ok(())
}

/// Released by its holder, by another CPU, twice; wanted by its holder.
fn owners(bench: &mut Bench, rank: Rank) -> Outcome {
    for releaser in 0..CPUS {
        if bench.start() {
            let lock = lock(rank, 0);
            let guard = lock.lock();
            go_to(releaser);
            drop(guard);
            bench.expect((releaser != 0).then_some("other-cpu"))?;
            go_to(0);
            // All is well again.
            drop(lock.lock());
            bench.expect(None)?;
        }
    }
    for times in 1..=2 {
        if bench.start() {
            let class = Class::new(rank, 0);
            cells_of_trouble::take(&class);
            (0..times).for_each(|_| cells_of_trouble::release(&class));
            bench.expect((times == 2).then_some("double-release"))?;
        }
    }
    for holds in [true, false] {
        if bench.start() {
            let lock = lock(rank, 0);
            let guard = lock.lock();
            let kept = holds.then_some(guard);
            lock.might_lock();
            bench.expect(holds.then_some("self-deadlock"))?;
            drop(kept);
        }
    }
    Ok(())
}

/// Relying on a lock, on not having it, on its staying held: with it held here, held elsewhere, held by nobody.
fn promises(bench: &mut Bench, rank: Rank) -> Outcome {
    for holder in [Some(0), Some(1), None] {
        if bench.start() {
            let lock = lock(rank, 0);
            go_to(holder.unwrap_or(0));
            let guard = lock.lock();
            let kept = holder.map(|_| guard);
            go_to(0);
            lock.assert_held();
            bench.expect((holder != Some(0)).then_some("assert-held"))?;
            lock.assert_not_held();
            bench.expect((holder == Some(0)).then_some("assert-not-held"))?;
            go_to(holder.unwrap_or(0));
            drop(kept);
        }
    }
    for keeps in [true, false] {
        if bench.start() {
            let lock = lock(rank, 0);
            let mut guard = Some(lock.lock());
            let pin = lock.pin();
            if !keeps {
                guard = None;
            }
            bench.expect((!keeps).then_some("pin-lost"))?;
            drop(pin);
            drop(guard);
            bench.expect(None)?;
        }
    }
    Ok(())
}

/// Memory freed with the lock in it or beside it, held or not, by each CPU.
fn memory(bench: &mut Bench, rank: Rank) -> Outcome {
    for (cpu, (holds, inside)) in
        (0..CPUS).flat_map(|cpu| [(true, true), (true, false), (false, true)].map(|w| (cpu, w)))
    {
        if bench.start() {
            let lock = lock(rank, 0);
            let guard = lock.lock();
            let kept = holds.then_some(guard);
            go_to(cpu);
            let start = ptr::from_ref(&lock).addr();
            let size = size_of::<Lock>();
            freed::<Fake>(if inside { start } else { start + size }, size);
            bench.expect((holds && inside).then_some("freed-held"))?;
            go_to(0);
            drop(kept);
        }
    }
    Ok(())
}

/// Waiting for another CPU, or being waited for, with the lock and without.
fn answers(bench: &mut Bench, rank: Rank) -> Outcome {
    for (cpu, holds) in [(1, true), (2, true), (MAX_CPUS - 1, true), (1, false)] {
        if bench.start() {
            let lock = lock(rank, 0);
            let guard = lock.lock();
            let kept = holds.then_some(guard);
            let due = bench.oracle.judge(&[(rank, 0)], (Rank::CpuAnswer, 0));
            await_cpu::<Fake>(cpu, || false);
            bench.expect(due.filter(|_| holds))?;
            drop(kept);
        }
    }
    for stays in [true, false] {
        if bench.start() {
            let lock = lock(rank, 0);
            entering_user::<Fake>();
            if !stays {
                left_user::<Fake>();
            }
            drop(lock.lock());
            bench.expect(stays.then_some("answer-owed"))?;
            left_user::<Fake>();
        }
    }
    // The first time a CPU goes to user mode, and later.
    for (before, holds) in [(0, true), (0, false), (1, true), (1, false)] {
        if bench.start() {
            for _ in 0..before {
                entering_user::<Fake>();
                left_user::<Fake>();
            }
            let lock = lock(rank, 0);
            let guard = lock.lock();
            let kept = holds.then_some(guard);
            entering_user::<Fake>();
            bench.expect(holds.then_some("gate-user-return"))?;
            left_user::<Fake>();
            drop(kept);
            bench.expect(None)?;
        }
    }
    Ok(())
}

/// Two of one class: each order of keys, wanted, tried and one after the other.
fn pairs(bench: &mut Bench, rank: Rank) -> Outcome {
    for (first, second) in [(1, 2), (2, 1), (1, 1)] {
        for how in 0..3 {
            if bench.start() {
                let locks = [lock(rank, first), lock(rank, second)];
                let guard = locks[0].lock();
                let kept = (how != 2).then_some(guard);
                let due = bench.oracle.judge(&[(rank, first)], (rank, second)).filter(|_| how == 0);
                let inner = if how == 1 { locks[1].try_lock() } else { Some(locks[1].lock()) };
                bench.expect(due)?;
                drop((inner, kept));
                bench.expect(None)?;
            }
        }
    }
    Ok(())
}
