//! Cells for what goes wrong with a single lock or a single wait, whatever the order is. See `order/selftest.rs`.

use super::held::{DEPTH, Held};
use super::selftest::{Bench, CPUS, Fake, Lock, Outcome, go_to, lock, set_clock};
use super::{Checker, Class, hooks, releases, stuck};
use crate::{Rank, big};
use core::panic::Location;

/// Runs all cells for locks of class `rank`.
pub(super) fn all(bench: &mut Bench, rank: Rank) -> Outcome {
    two_holders(bench, rank)?;
    uninitialised(bench, rank)?;
    long_waits(bench, rank)?;
    own_answer(bench, rank)?;
    without_the_big_lock(bench, rank)?;
    too_many(bench, rank)?;
    long_holds(bench, rank)
}

/// A lock of this class is taken without being one, so that nothing excludes anybody.
pub(super) fn take(class: &Class) {
    let here = hooks::before_try::<Fake>(class, Location::caller());
    hooks::taken::<Fake>(here, class);
}

/// It is released.
pub(super) fn release(class: &Class) {
    releases::released::<Fake>(class);
}

/// A lock that two CPUs are given, one while the other has it or after; one that is made anew meanwhile.
fn two_holders(bench: &mut Bench, rank: Rank) -> Outcome {
    for second in 0..CPUS {
        for (released, anew) in [(false, false), (true, false), (false, true), (true, true)] {
            if bench.start() {
                let mut class = Class::new(rank, 0);
                // The second time a lock is taken is the usual case, the first is not.
                for _ in 0..2 {
                    take(&class);
                    release(&class);
                }
                take(&class);
                if released {
                    release(&class);
                }
                if anew {
                    class = Class::new(rank, 0);
                }
                go_to(second);
                take(&class);
                bench.expect((!released).then_some("two-holders"))?;
            }
        }
    }
    Ok(())
}

/// Memory that holds no lock: zeros, small numbers, all ones, the neighbours of what marks a lock.
fn uninitialised(bench: &mut Bench, rank: Rank) -> Outcome {
    for word in [0, 1, 0x4c4f_42ff, 0x4c4f_4310, u32::MAX] {
        for waits in [false, true] {
            if bench.start() {
                let class = Class::rubbish(rank, 0, word);
                if waits {
                    hooks::wait::<Fake>(&class, Location::caller());
                } else {
                    take(&class);
                }
                bench.expect(Some("uninitialised"))?;
            }
        }
    }
    if bench.start() {
        let class = Class::new(rank, 0);
        hooks::wait::<Fake>(&class, Location::caller());
        hooks::waited::<Fake>(&class, Location::caller(), 0);
        take(&class);
        bench.expect(None)?;
    }
    Ok(())
}

/// Waits for a lock and for an answer that last nearly too long, too long, and that end; also over the clock's wrap.
fn long_waits(bench: &mut Bench, rank: Rank) -> Outcome {
    for begin in [0, 77, u32::MAX - 5] {
        for (lasts, is_over) in [(0, false), (stuck::LIMIT_MS - 1, false), (stuck::LIMIT_MS, true)] {
            for (is_lock, ends) in [(true, false), (true, true), (false, false), (false, true)] {
                if bench.start() {
                    let class = Class::new(rank, 0);
                    set_clock(begin);
                    let wanted = if is_lock { class.lock() } else { Checker::answer(1) };
                    let held = Held { lock: wanted, site: Location::caller() };
                    super::this_cpu::<Fake>().start_waiting::<Fake>(held);
                    if ends {
                        super::this_cpu::<Fake>().stop_waiting();
                    }
                    set_clock(begin.wrapping_add(lasts));
                    let over = stuck::report_if_over::<Fake>().is_some();
                    let kind = if is_lock { "stuck" } else { "no-answer" };
                    let due = is_over && !ends;
                    bench.expect(due.then_some(kind))?;
                    if over != due {
                        return Err(kind);
                    }
                }
            }
        }
    }
    Ok(())
}

/// Each CPU waits for each CPU's answer, with empty hands or with a lock that may be held then.
fn own_answer(bench: &mut Bench, rank: Rank) -> Outcome {
    for (asker, asked) in (0..CPUS).flat_map(|asker| (0..CPUS).map(move |asked| (asker, asked))) {
        for holds in [false, true] {
            if bench.start() {
                go_to(asker);
                let lock = lock(rank, 0);
                let guard = holds.then(|| lock.lock());
                let wanted = Held { lock: Checker::answer(asked), site: Location::caller() };
                let due = bench.oracle.judge(&[(rank, 0)], (Rank::CpuAnswer, 0)).filter(|_| holds);
                let answered = hooks::before_answer::<Fake>(asked, wanted);
                bench.expect(if asker == asked { Some("self-wait") } else { due })?;
                if answered == (asker == asked) {
                    return Err("self-wait");
                }
                drop(guard);
            }
        }
    }
    Ok(())
}

/// Locks wanted and tried by a CPU that is not in the big lock. Nobody is, in the fine build.
fn without_the_big_lock(bench: &mut Bench, rank: Rank) -> Outcome {
    for (is_inside, tries) in [(false, false), (false, true), (true, false), (true, true)] {
        if bench.start() {
            let lock = lock(rank, 0);
            let is_missing = !is_inside && big::pass_away::<Fake>();
            let guard = if tries { lock.try_lock() } else { Some(lock.lock()) };
            bench.expect(is_missing.then_some("no-big-lock"))?;
            go_to(0);
            drop(guard);
        }
    }
    Ok(())
}

/// As many locks as are noted, and one more; taken in a row, or hand over hand, which never holds more than two.
fn too_many(bench: &mut Bench, rank: Rank) -> Outcome {
    for count in [DEPTH, DEPTH + 1] {
        if bench.start() {
            let locks: [Lock; DEPTH + 1] = core::array::from_fn(|key| lock(rank, key as u16));
            let mut held = [const { None }; DEPTH + 1];
            // Tried, since any order is right then.
            for at in 0..count {
                held[at] = locks[at].try_lock();
                bench.expect((at == DEPTH).then_some("too-many"))?;
            }
        }
    }
    if bench.start() {
        let locks = [lock(rank, 0), lock(rank, 1)];
        let mut held = locks[0].try_lock();
        for step in 1..3 * DEPTH {
            let next = locks[step % 2].try_lock();
            drop(held.take());
            bench.expect(None)?;
            held = next;
        }
        drop(held);
        bench.expect(None)?;
    }
    Ok(())
}

/// Locks held, or waited for, for as long as the class allows, and for longer.
fn long_holds(bench: &mut Bench, rank: Rank) -> Outcome {
    for is_wait in [false, true] {
        let budget = 1000 * if is_wait { rank.wait_budget_ms() } else { rank.budget_ms() };
        for (ticks, is_long) in [(0, false), (1, false), (budget, false), (budget + 1, true), (u32::MAX, true)] {
            if bench.start() {
                let class = Class::new(rank, 0);
                if is_wait {
                    hooks::waited::<Fake>(&class, Location::caller(), ticks);
                } else {
                    releases::held_for::<Fake>(&class, ticks);
                }
                let kind = if is_wait { "waited-long" } else { "held-long" };
                bench.expect(is_long.then_some(kind))?;
            }
        }
    }
    Ok(())
}
