//! What has to be done in one critical section, while another CPU changes the same address space.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use abi::layout::{PGSIZE, UTEMP};
use abi::{EnvId, Error, Syscall};

use super::machine::{in_kernel, machine, until};
use super::program::{PUW, Program, spawn, start, wait_for};
use crate::env::table;

const ROUNDS: u32 = 60;

/// A parent on CPU 1 and its child on CPU 2, each on a thread of its own.
fn family(parent_work: impl Fn(&mut Program, EnvId) + Sync, child_work: impl Fn(Program) + Sync) {
    let mut machine = machine();
    machine.dawdle();
    let born = AtomicU32::new(0);
    machine.parallel(2, |cpu| {
        if cpu == 1 {
            let mut parent = in_kernel(start);
            let child = in_kernel(|| spawn(parent.id));
            born.store(child.0, Ordering::SeqCst);
            parent_work(&mut parent, child);
            in_kernel(|| drop(parent));
        } else {
            let child = until(|| Some(born.load(Ordering::SeqCst)).filter(|&id| id != 0));
            child_work(wait_for(EnvId(child)));
        }
    });
}

#[test]
fn race_14_a_page_is_mapped_while_its_source_goes_away() {
    let done = AtomicBool::new(false);
    let parent_work = |parent: &mut Program, child: EnvId| {
        let mut mapped = 0;
        until(|| {
            let answer = in_kernel(|| parent.call(Syscall::PageMap, &[child.0, UTEMP, 0, UTEMP, PUW]));
            assert!(matches!(answer, Ok(0) | Err(Error::Inval)), "{answer:?}");
            mapped += u32::from(answer.is_ok());
            assert_eq!(in_kernel(|| parent.call(Syscall::PageUnmap, &[0, UTEMP])), Ok(0));
            (mapped > ROUNDS).then_some(())
        });
        done.store(true, Ordering::SeqCst);
    };
    let child_work = |mut child: Program| {
        while !done.load(Ordering::SeqCst) {
            in_kernel(|| child.alloc(UTEMP, 1));
            assert_eq!(in_kernel(|| child.call(Syscall::PageUnmap, &[0, UTEMP])), Ok(0));
        }
        in_kernel(|| drop(child));
    };
    family(parent_work, child_work);
}

#[test]
fn race_15_two_cpus_need_the_same_page_table() {
    const REGION: u32 = 4 << 20;
    let (at, arrived) = (AtomicU32::new(0), AtomicU32::new(0));
    let together = |round: u32| {
        arrived.fetch_add(1, Ordering::SeqCst);
        until(|| (arrived.load(Ordering::SeqCst) >= 2 * round).then_some(()));
    };
    let parent_work = |parent: &mut Program, child: EnvId| {
        let space = &table::env(child.slot()).space;
        for round in 1..=ROUNDS {
            let va = 2 * UTEMP + round * REGION;
            at.store(va, Ordering::SeqCst);
            together(2 * round - 1);
            assert_eq!(in_kernel(|| parent.call(Syscall::PageAlloc, &[child.0, va, PUW])), Ok(0));
            together(2 * round);
            let both = in_kernel(|| [va, va + PGSIZE].map(|va| space.lock().lookup(va).is_some()));
            assert_eq!(both, [true; 2], "what was mapped is there");
            for va in [va, va + PGSIZE] {
                assert_eq!(in_kernel(|| parent.call(Syscall::PageUnmap, &[child.0, va])), Ok(0));
            }
        }
        together(2 * ROUNDS + 1);
    };
    let child_work = |mut child: Program| {
        for round in 1..=ROUNDS {
            together(2 * round - 1);
            in_kernel(|| child.alloc(at.load(Ordering::SeqCst) + PGSIZE, 1));
            together(2 * round);
        }
        // The parent still looks at the last pages.
        together(2 * ROUNDS + 1);
        in_kernel(|| drop(child));
    };
    family(parent_work, child_work);
}

#[test]
fn race_24_a_string_goes_away_while_it_is_printed() {
    let (done, victims) = (AtomicBool::new(false), AtomicU32::new(0));
    let start_of_text = UTEMP + PGSIZE - 512;
    let mut machine = machine();
    machine.dawdle();
    machine.parallel(2, |cpu| {
        if cpu == 1 {
            let mut parent = in_kernel(start);
            for _ in 0..ROUNDS {
                let child = in_kernel(|| spawn(parent.id));
                for va in [UTEMP, UTEMP + PGSIZE] {
                    assert_eq!(in_kernel(|| parent.call(Syscall::PageAlloc, &[child.0, va, PUW])), Ok(0));
                }
                victims.store(child.0, Ordering::SeqCst);
                until(|| {
                    let answer = in_kernel(|| parent.call(Syscall::PageUnmap, &[child.0, UTEMP + PGSIZE]));
                    (victims.load(Ordering::SeqCst) == 0 || answer == Err(Error::BadEnv)).then_some(())
                });
                until(|| (victims.load(Ordering::SeqCst) == 0).then_some(()));
            }
            done.store(true, Ordering::SeqCst);
            in_kernel(|| drop(parent));
        } else {
            // A number, or 0 when there will be no more.
            let next = || match (victims.load(Ordering::SeqCst), done.load(Ordering::SeqCst)) {
                (0, false) => None,
                (id, _) => Some(id),
            };
            while let Some(id) = Some(until(next)).filter(|&id| id != 0) {
                let mut victim = wait_for(EnvId(id));
                // The second page may be gone already.
                in_kernel(|| victim.poke(UTEMP, &[b'x'; PGSIZE as usize]));
                in_kernel(|| victim.alloc(UTEMP + PGSIZE, 1));
                let text = 600;
                in_kernel(|| victim.trap_call(Syscall::Cputs as u32, &[start_of_text, text]));
                in_kernel(|| drop(victim));
                victims.store(0, Ordering::SeqCst);
            }
        }
    });
}
