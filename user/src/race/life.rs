//! Being born and dying.

use core::sync::atomic::Ordering;

use ulib::{
    EnvId, EnvStatus, Error, Page, SELF, WRITE, alive, envs, ipc_recv, raw, record, sys_cgetc, sys_env_destroy,
    sys_env_set_pgfault_upcall, sys_exofork, sys_getenvid, sys_page_alloc, sys_page_map, sys_page_unmap, sys_yield,
    wait,
};

use super::stage::{FREE, Stage, VA, open_windows, page_with, until};
use crate::hostile::{Board, expect, refused};

/// A sibling reuses the slot of the env whose memory the parent is about to lock.
pub(super) fn slot_is_reused(stage: Stage) {
    let alloc = |victim| sys_page_alloc(victim, VA, WRITE);
    reused(stage, alloc, |heir| {
        expect("what the heir has", sys_page_map(heir, VA, SELF, VA, WRITE), Err(Error::Inval));
    });
}

/// The same with what is in the life of an env. Its new tenant has another parent.
pub(super) fn slot_is_reused_with_a_new_parent(stage: Stage) {
    let set_handler = |victim| sys_env_set_pgfault_upcall(victim, VA);
    reused(stage, set_handler, |heir| {
        expect("the heir's handler", record(heir).pgfault_upcall.load(Ordering::SeqCst), 0);
    });
}

/// The parent does something to an env whose slot gets a new tenant, and nothing has been done to that one.
fn reused(mut stage: Stage, act: impl FnOnce(EnvId) -> Result<(), Error>, untouched: impl FnOnce(EnvId)) {
    let victim = stage.actor(|_| ());
    let part = |board: Board, mine: Page| {
        while alive(victim) {
            sys_yield();
        }
        // Mostly the first: the slot is in this CPU's cache. If another CPU freed it, it may be late, and nothing is shown.
        let heir = (0..8).map(|_| sys_exofork().unwrap()).find(|id| id.slot() == victim.slot());
        // The only call that comes to this point: the slot has its new tenant.
        expect("mapping a page twice", mine.map(SELF, mine.plus(1), WRITE), Ok(()));
        until(board, FREE, 1);
        if let Some(heir) = heir {
            untouched(heir);
        }
        let me = sys_getenvid().0;
        for record in envs().iter().filter(|record| record.parent_id.load(Ordering::SeqCst) == me) {
            let _ = sys_env_destroy(EnvId(record.id.load(Ordering::SeqCst)));
        }
    };
    let heir = stage.prepared(|_| page_with(0), part);
    stage.go();
    // It may live still, when the window is shut.
    let answer = act(victim);
    assert!(matches!(answer, Ok(()) | Err(Error::BadEnv)), "{answer:?}");
    stage.board.set(FREE, 1);
    stage.end(&[victim, heir]);
}

/// An env is destroyed between the question whether it may and the act.
pub(super) fn actor_dies_in_its_call(mut stage: Stage) {
    let actor = stage.prepared(
        |_| sys_exofork().unwrap(),
        |_, own| {
            if own != SELF {
                let _ = sys_page_alloc(own, VA, WRITE);
            }
            until_destroyed();
        },
    );
    stage.go();
    expect("destroying a child", sys_env_destroy(actor), Ok(()));
    stage.end(&[actor]);
    // The grandchild is nobody's now; the kernel counts it at the end.
}

/// An env is destroyed while it is in user mode on another CPU.
pub(super) fn destroyed_elsewhere(mut stage: Stage) {
    let victim = stage.actor(count_for_ever);
    stage.begin();
    until(stage.board, FREE, 1000);
    stage.open();
    expect("destroying a child", sys_env_destroy(victim), Ok(()));
    stage.end(&[victim]);
}

/// A second destroy comes while the first has not been noticed.
pub(super) fn destroyed_twice(mut stage: Stage) {
    let victim = stage.actor(count_for_ever);
    stage.begin();
    until(stage.board, FREE, 1000);
    stage.open();
    expect("destroying a child", sys_env_destroy(victim), Ok(()));
    expect("destroying it once more", sys_env_destroy(victim), Ok(()));
    stage.end(&[victim]);
    refused("destroying the dead", sys_env_destroy(victim), Error::BadEnv);
}

/// The victim is off every CPU, and the CPU it was on is idle.
pub(super) fn destroyed_by_another_cpu(mut stage: Stage) {
    let victim = blocks(&mut stage);
    while record(victim).ipc_recving.load(Ordering::SeqCst) == 0 {
        core::hint::spin_loop();
    }
    expect("destroying a child", sys_env_destroy(victim), Ok(()));
    stage.end(&[victim]);
}

/// The victim blocks, and is destroyed before its CPU has let go of it.
pub(super) fn destroyed_while_leaving(mut stage: Stage) {
    let victim = blocks(&mut stage);
    expect("destroying a child", sys_env_destroy(victim), Ok(()));
    stage.end(&[victim]);
}

/// An actor that opens the windows and blocks. It does so itself: the parent may be held in them at a tick.
fn blocks(stage: &mut Stage) -> EnvId {
    let actor = stage.actor(|board| {
        open_windows();
        board.set(FREE, 1);
        let _ = ipc_recv(None);
    });
    stage.begin();
    until(stage.board, FREE, 1);
    actor
}

/// A child exists and has no registers yet.
pub(super) fn seen_too_early(mut stage: Stage) {
    let bystander = stage.actor(|board| {
        while board.get(FREE) == 0 {
            sys_yield();
        }
    });
    stage.go();
    let embryo = sys_exofork().unwrap();
    assert!(embryo != SELF, "the embryo runs");
    let status = record(embryo).status.load(Ordering::SeqCst);
    expect("the embryo's status", status, EnvStatus::NotRunnable as u32);
    stage.board.set(FREE, 1);
    expect("destroying the embryo", sys_env_destroy(embryo), Ok(()));
    stage.end(&[bystander]);
}

/// Two envs make children at the same time.
pub(super) fn two_slots_at_once(mut stage: Stage) {
    let other = stage.actor(|board| {
        let id = sys_exofork().unwrap();
        if id == SELF {
            return;
        }
        board.set(FREE, id.0);
        expect("destroying a child", sys_env_destroy(id), Ok(()));
    });
    stage.go();
    let id = sys_exofork().unwrap();
    assert!(id != SELF, "the embryo runs");
    wait(other);
    let theirs = EnvId(stage.board.get(FREE));
    assert!(theirs.slot() != id.slot(), "{id} and {theirs} were in one slot");
    expect("destroying a child", sys_env_destroy(id), Ok(()));
    stage.end(&[other]);
}

/// Two breakpoints at once: one prompt, then another.
pub(super) fn two_breakpoints(mut stage: Stage) {
    let other = stage.actor(|_| raw::breakpoint());
    stage.go();
    raw::breakpoint();
    stage.end(&[other]);
}

/// A breakpoint, and beside the monitor an env that asks for what is typed.
pub(super) fn reader_beside_the_monitor(mut stage: Stage) {
    let reader = stage.actor(|board| {
        while board.get(FREE) == 0 {
            expect("what was typed for the monitor", sys_cgetc(), 0);
        }
    });
    stage.go();
    raw::breakpoint();
    stage.board.set(FREE, 1);
    stage.end(&[reader]);
}

/// A parent is destroyed while its child is an embryo. Who is left behind is nobody's.
pub(super) fn embryo_is_left(mut stage: Stage) {
    let parent = stage.actor(|_| {
        let _ = sys_exofork();
        until_destroyed();
    });
    stage.go();
    expect("destroying a child", sys_env_destroy(parent), Ok(()));
    stage.end(&[parent]);
}

/// An env is destroyed while it makes calls, one after the other.
pub(super) fn destroyed_in_a_call(mut stage: Stage) {
    let victim = stage.actor(|board| {
        loop {
            board.word(FREE).fetch_add(1, Ordering::SeqCst);
            expect("unmapping nothing", sys_page_unmap(SELF, VA), Ok(()));
        }
    });
    stage.begin();
    until(stage.board, FREE, 100);
    stage.open();
    expect("destroying a child", sys_env_destroy(victim), Ok(()));
    stage.end(&[victim]);
}

/// Does nothing more. When no window holds it in its call, it may be back before it is destroyed.
fn until_destroyed() -> ! {
    loop {
        sys_yield();
    }
}

fn count_for_ever(board: Board) {
    loop {
        board.set(FREE, board.get(FREE).wrapping_add(1));
    }
}
