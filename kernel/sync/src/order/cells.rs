//! The cells: which events, and what must come of them. See `order/selftest.rs`.
//!
//! Each cell that must be reported has a twin that must not.

use super::selftest::{Bench, CPUS, Outcome, go_to, lock};
use super::{cells_of_class, cells_of_trouble};
use crate::Rank;

/// The classes that are locks.
const LOCKS: usize = Rank::CpuAnswer as usize;

/// Runs all cells.
pub(super) fn all(bench: &mut Bench) -> Outcome {
    for rank in Rank::ALL.into_iter().filter(|rank| !rank.is_wait()) {
        // Every kind of report that one class is enough for, once; and a little of the rest.
        bench.at_boot(if rank == Rank::EnvVm { 1 } else { 17 });
        cells_of_class::all(bench, rank)?;
        cells_of_trouble::all(bench, rank)?;
    }
    bench.at_boot(197);
    let mut chosen = [Rank::SlotCache; 4];
    for len in 2..=4 {
        choose(bench, &mut chosen, 0, len, &mut |bench, ranks| {
            nested(bench, ranks)?;
            if let [a, b] = *ranks {
                crossed(bench, a, b)?;
            }
            if let [a, b, c] = *ranks { circle(bench, [a, b, c]) } else { Ok(()) }
        })?;
    }
    Ok(())
}

/// Calls `each` with every row of `len` different classes.
fn choose(
    bench: &mut Bench,
    chosen: &mut [Rank; 4],
    at: usize,
    len: usize,
    each: &mut dyn FnMut(&mut Bench, &[Rank]) -> Outcome,
) -> Outcome {
    if at == len {
        return each(bench, &chosen[..len]);
    }
    for rank in Rank::ALL[..LOCKS].iter().copied() {
        if !chosen[..at].contains(&rank) {
            chosen[at] = rank;
            choose(bench, chosen, at + 1, len, each)?;
        }
    }
    Ok(())
}

/// All of `ranks`, one inside the other, by each CPU; and the twin: one after the other.
fn nested(bench: &mut Bench, ranks: &[Rank]) -> Outcome {
    if bench.start() {
        go_to(ranks[0] as usize % CPUS);
        nest(bench, &[], ranks)?;
    }
    if bench.start() {
        for &rank in ranks {
            drop(lock(rank, 0).lock());
            bench.expect(None)?;
        }
    }
    Ok(())
}

/// Takes the first of `ranks`, and the others inside it.
fn nest(bench: &mut Bench, held: &[(Rank, u16)], ranks: &[Rank]) -> Outcome {
    let Some((&first, rest)) = ranks.split_first() else { return Ok(()) };
    let due = bench.oracle.judge(held, (first, 0));
    let lock = lock(first, 0);
    let guard = lock.lock();
    bench.expect(due)?;
    let mut more = [(first, 0); 4];
    more[..held.len()].copy_from_slice(held);
    nest(bench, &more[..=held.len()], rest)?;
    drop(guard);
    bench.expect(None)
}

/// Two CPUs that each hold one lock and want the other's, in every order of the four events; and the twin, in which the
/// first lets go before it wants.
fn crossed(bench: &mut Bench, a: Rank, b: Rank) -> Outcome {
    for order in 0..16_u32 {
        // Bit i: the i-th event is CPU 1's.
        if order.count_ones() != 2 {
            continue;
        }
        for keeps in [true, false] {
            if !bench.start() {
                continue;
            }
            let locks = [lock(a, 0), lock(b, 0)];
            let ranks = [a, b];
            let mut held = [None, None];
            for event in 0..4 {
                let cpu = (order >> event & 1) as usize;
                go_to(cpu);
                if held[cpu].is_none() {
                    held[cpu] = Some(Some(locks[cpu].lock()));
                    bench.expect(None)?;
                } else if keeps {
                    let due = bench.oracle.judge(&[(ranks[cpu], 0)], (ranks[1 - cpu], 0));
                    locks[1 - cpu].might_lock();
                    bench.expect(due)?;
                } else {
                    held[cpu] = Some(None);
                    locks[1 - cpu].might_lock();
                    bench.expect(None)?;
                }
            }
            for (cpu, guard) in held.into_iter().enumerate() {
                go_to(cpu);
                drop(guard);
            }
        }
    }
    Ok(())
}

/// Three CPUs, each taking one lock inside another, in a circle, in every order; and the twin: nothing inside.
fn circle(bench: &mut Bench, ranks: [Rank; 3]) -> Outcome {
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        if bench.start() {
            for cpu in order {
                go_to(cpu);
                nest(bench, &[], &[ranks[cpu], ranks[(cpu + 1) % 3]])?;
            }
        }
        if bench.start() {
            for cpu in order {
                go_to(cpu);
                nest(bench, &[], &[ranks[cpu]])?;
                nest(bench, &[], &[ranks[(cpu + 1) % 3]])?;
            }
        }
    }
    Ok(())
}
