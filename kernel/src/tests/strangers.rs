//! Calls on a child that is destroyed meanwhile, and whose slot goes to a stranger at once; and those of a stranger that
//! has the slot of the parent.

use std::sync::atomic::{AtomicU32, Ordering};

use abi::layout::UTEMP;
use abi::{EnvId, Error, Syscall};

use super::machine::{in_kernel, machine, record, until};
use super::program::{PU, PUW, destroy, spawn, start};
use crate::env::table;

const ROUNDS: u32 = 60;

/// A parent on one CPU makes `call` on its child until the child is gone. Another CPU destroys the child and gives its slot
/// to a stranger. `untouched` says whether the stranger is as it was made.
fn parent_and_stranger(call: Syscall, arguments: [u32; 2], untouched: impl Fn(EnvId) -> bool + Sync) {
    let mut machine = machine();
    machine.dawdle();
    let (parent_id, child_id, rounds_left_alone) = (AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(0));
    let wait_for = |word: &AtomicU32, value: u32| until(|| (word.load(Ordering::SeqCst) == value).then_some(()));
    let act = || {
        let mut parent = in_kernel(start);
        parent_id.store(parent.id.0, Ordering::SeqCst);
        for round in 1..=ROUNDS {
            let child = until(|| Some(child_id.load(Ordering::SeqCst)).filter(|&id| id != 0));
            until(|| match in_kernel(|| parent.call(call, &[child, arguments[0], arguments[1]])) {
                Ok(_) => None,
                answer => {
                    assert_eq!(answer, Err(Error::BadEnv));
                    Some(())
                }
            });
            child_id.store(0, Ordering::SeqCst);
            rounds_left_alone.store(round, Ordering::SeqCst);
        }
        in_kernel(|| drop(parent));
    };
    let replace = || {
        let parent = EnvId(until(|| Some(parent_id.load(Ordering::SeqCst)).filter(|&id| id != 0)));
        for round in 1..=ROUNDS {
            let child = in_kernel(|| table::alloc(parent)).unwrap();
            child_id.store(child.0, Ordering::SeqCst);
            (0..round % 7).for_each(|_| std::thread::yield_now());
            in_kernel(|| destroy(child));
            let stranger = in_kernel(|| table::alloc(EnvId::NONE)).unwrap();
            assert_eq!(stranger.slot(), child.slot(), "freed last, handed out first");
            wait_for(&rounds_left_alone, round);
            in_kernel(|| {
                assert!(untouched(stranger), "{call:?} on {child} changed {stranger}");
                destroy(stranger);
            });
        }
    };
    machine.parallel(2, |cpu| if cpu == 1 { act() } else { replace() });
}

#[test]
fn race_01_a_page_for_a_child_does_not_reach_the_next_tenant() {
    let nothing_mapped = |id: EnvId| table::env(id.slot()).space.lock().lookup(UTEMP).is_none();
    parent_and_stranger(Syscall::PageAlloc, [UTEMP, PUW], nothing_mapped);
}

#[test]
fn race_02_a_right_over_a_child_is_none_over_the_next_tenant() {
    let no_upcall = |id: EnvId| record(id).pgfault_upcall.load(Ordering::SeqCst) == 0;
    parent_and_stranger(Syscall::EnvSetPgfaultUpcall, [0x80_0000, 0], no_upcall);
}

#[test]
fn who_has_the_slot_of_the_parent_is_no_parent() {
    let _machine = machine();
    let parent = start();
    let (orphan, slot) = (spawn(parent.id), parent.id.slot());
    drop(parent);
    let mut stranger = start();
    assert_eq!(stranger.id.slot(), slot, "freed last, handed out first");
    stranger.alloc(UTEMP, 1);
    let runnable = abi::EnvStatus::Runnable as u32;
    let calls: [(Syscall, &[u32]); 7] = [
        (Syscall::PageAlloc, &[orphan.0, UTEMP, PUW]),
        (Syscall::PageMap, &[0, UTEMP, orphan.0, UTEMP, PU]),
        (Syscall::PageMap, &[orphan.0, UTEMP, 0, UTEMP, PU]),
        (Syscall::PageUnmap, &[orphan.0, UTEMP]),
        (Syscall::EnvSetPgfaultUpcall, &[orphan.0, 7]),
        (Syscall::EnvSetStatus, &[orphan.0, runnable]),
        (Syscall::EnvDestroy, &[orphan.0]),
    ];
    for (call, arguments) in calls {
        assert_eq!(stranger.call(call, arguments), Err(Error::BadEnv), "{call:?}");
    }
}
