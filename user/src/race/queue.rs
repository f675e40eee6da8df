//! Being told to run, and not to.

use core::hint;
use core::sync::atomic::Ordering;

use ulib::{EnvId, EnvStatus, ipc_recv, ipc_send, record, sys_env_destroy, sys_env_set_status, sys_exofork, sys_yield};

use super::stage::{FREE, Stage, open_windows, until};
use crate::hostile::{Board, expect};

/// Counts in a register and in memory at once: on two CPUs it would lose counts.
fn count(board: Board) {
    let mut count = 0_u32;
    loop {
        let seen = board.get(FREE);
        assert!(seen == count, "this env ran on two CPUs: {seen} in memory, {count} counted");
        count = count.wrapping_add(1);
        board.set(FREE, count);
    }
}

fn stands_still(board: Board) {
    let before = board.get(FREE);
    for _ in 0..20_000 {
        hint::spin_loop();
        expect("a frozen env's counter", board.get(FREE), before);
    }
}

/// An env that is under way, with the windows still shut.
fn counting(stage: &mut Stage) -> EnvId {
    let counter = stage.actor(count);
    stage.begin();
    until(stage.board, FREE, 1000);
    counter
}

/// Freezes an env that runs on another CPU, and comes back when that CPU has saved its registers. Told to run before that it would
/// just stay there; from then on a CPU has to take it out of a queue.
fn put_aside(counter: EnvId) {
    let record = record(counter);
    // It is alone on its CPU, so nothing but the freezing makes it leave.
    while record.status.load(Ordering::SeqCst) != EnvStatus::Running as u32 {
        hint::spin_loop();
    }
    let registers = || record.tf.each_ref().map(|word| word.load(Ordering::SeqCst));
    let before = registers();
    expect("freezing", sys_env_set_status(counter, EnvStatus::NotRunnable), Ok(()));
    while registers() == before {
        hint::spin_loop();
    }
}

/// It goes on for as much as this, and that is the end of it.
fn counts_on(stage: &Stage, counter: EnvId, more: u32) {
    let before = stage.board.get(FREE);
    until(stage.board, FREE, before + more);
    expect("destroying a child", sys_env_destroy(counter), Ok(()));
    stage.end(&[counter]);
}

/// An env is told to run while its CPU is in the kernel on its behalf.
pub(super) fn told_to_run_while_running(mut stage: Stage) {
    let counter = counting(&mut stage);
    stage.open();
    for _ in 0..100 {
        expect("telling a running env to run", sys_env_set_status(counter, EnvStatus::Runnable), Ok(()));
    }
    counts_on(&stage, counter, 1000);
}

/// An env is frozen on its way into user mode.
pub(super) fn frozen_while_entering(mut stage: Stage) {
    let counter = counting(&mut stage);
    stage.open();
    expect("freezing", sys_env_set_status(counter, EnvStatus::NotRunnable), Ok(()));
    stands_still(stage.board);
    stage.shut();
    expect("thawing", sys_env_set_status(counter, EnvStatus::Runnable), Ok(()));
    counts_on(&stage, counter, 1);
}

/// An env is frozen when it is in no queue any more and on no CPU yet.
pub(super) fn frozen_while_picked(mut stage: Stage) {
    let counter = counting(&mut stage);
    put_aside(counter);
    stage.open();
    expect("thawing", sys_env_set_status(counter, EnvStatus::Runnable), Ok(()));
    expect("freezing again", sys_env_set_status(counter, EnvStatus::NotRunnable), Ok(()));
    stands_still(stage.board);
    stage.shut();
    expect("thawing again", sys_env_set_status(counter, EnvStatus::Runnable), Ok(()));
    counts_on(&stage, counter, 1);
}

/// The same, with the CPU that picks it about to ask for the lock that the other one holds.
pub(super) fn frozen_under_the_pick(stage: Stage) {
    frozen_while_picked(stage);
}

/// A frozen receiver is thawed and sent to in the same moment.
pub(super) fn woken_by_two(mut stage: Stage) {
    let receiver = stage.prepared(
        |board| {
            let message = ipc_recv(None).unwrap();
            board.word(FREE).fetch_add(message.value, Ordering::SeqCst);
        },
        |_, ()| (),
    );
    let sender = stage.actor(move |_| ipc_send(receiver, 4711, None));
    while record(receiver).ipc_recving.load(Ordering::SeqCst) == 0 {
        hint::spin_loop();
    }
    expect("freezing", sys_env_set_status(receiver, EnvStatus::NotRunnable), Ok(()));
    stage.enough(1);
    stage.go();
    expect("thawing", sys_env_set_status(receiver, EnvStatus::Runnable), Ok(()));
    until(stage.board, FREE, 1);
    expect("what came", stage.board.get(FREE), 4711);
    stage.end(&[sender, receiver]);
}

/// An env is told to run twice before a CPU has taken it out of its queue.
pub(super) fn told_to_run_twice(mut stage: Stage) {
    let counter = counting(&mut stage);
    put_aside(counter);
    stage.open();
    expect("thawing", sys_env_set_status(counter, EnvStatus::Runnable), Ok(()));
    expect("thawing again", sys_env_set_status(counter, EnvStatus::Runnable), Ok(()));
    // Whoever is in this CPU's queue has its turn.
    sys_yield();
    stage.shut();
    counts_on(&stage, counter, 1000);
}

/// Two CPUs with nothing to do find two envs in the queue of a third. The envs have no memory and are destroyed at once.
pub(super) fn two_thieves(stage: Stage) {
    let envs = [sys_exofork().unwrap(), sys_exofork().unwrap()];
    stage.open();
    envs.iter().for_each(|&env| expect("letting it run", sys_env_set_status(env, EnvStatus::Runnable), Ok(())));
    stage.end(&envs);
}

/// A CPU has found nothing to do, and then there is something.
pub(super) fn woken_on_the_way_to_halt(mut stage: Stage) {
    let receiver = stage.actor(|board| {
        // The parent may be held in the windows at a tick.
        open_windows();
        board.set(FREE, ipc_recv(None).unwrap().value);
    });
    stage.begin();
    while record(receiver).ipc_recving.load(Ordering::SeqCst) == 0 {
        hint::spin_loop();
    }
    ipc_send(receiver, 4711, None);
    until(stage.board, FREE, 1);
    expect("what came", stage.board.get(FREE), 4711);
    stage.end(&[receiver]);
}
