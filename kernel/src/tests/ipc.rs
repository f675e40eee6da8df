//! Messages between envs.

use std::sync::atomic::Ordering;

use abi::layout::{PGSIZE, UTEMP, UTOP};
use abi::{EnvId, EnvStatus, Error, Syscall};

use super::machine::{leave_frames, machine, record};
use super::program::{PU, PUW, Program, peek, run, spawn, start, steal, try_run};
use crate::mm::frame;
use crate::run::Next;

/// "No page", as programs in the wild say it.
const NOWHERE: [u32; 4] = [UTOP, UTOP + 1, 0xf000_0001, u32::MAX];

/// An env that is blocked in `ipc_recv`, with room for a page at `dstva`.
fn receiver(dstva: u32) -> EnvId {
    let mut program = start();
    assert_eq!(program.call(Syscall::IpcRecv, &[dstva]), Ok(0));
    assert_eq!((program.next, program.may_go_on()), (Next::Other, false));
    let id = program.id;
    assert_eq!(record(id).status.load(Ordering::Relaxed), EnvStatus::NotRunnable as u32, "at once");
    program.leave();
    assert_eq!(record(id).status.load(Ordering::Relaxed), EnvStatus::NotRunnable as u32);
    assert_eq!(record(id).ipc_recving.load(Ordering::Relaxed), 1);
    id
}

fn send(from: &mut Program, to: EnvId, value: u32, va: u32, rights: u32) -> Result<u32, Error> {
    from.call(Syscall::IpcTrySend, &[to.0, value, va, rights])
}

/// Value, sender, rights as the receiver reads them.
fn message(id: EnvId) -> [u32; 3] {
    let r = record(id);
    [&r.ipc_value, &r.ipc_from, &r.ipc_perm].map(|word| word.load(Ordering::Relaxed))
}

#[test]
fn race_09_a_message_is_delivered_and_the_receiver_resumes_with_0() {
    let _machine = machine();
    let mut sender = start();
    for nowhere in NOWHERE {
        let id = receiver(nowhere);
        assert!(try_run(id).is_none());
        assert_eq!(send(&mut sender, id, 0xdead_beef, nowhere, 99), Ok(0));
        assert_eq!(message(id), [0xdead_beef, sender.id.0, 0]);
        assert_eq!(record(id).ipc_recving.load(Ordering::Relaxed), 0);
        let mut program = run(id);
        assert_eq!(program.frame.regs.eax, 0);
        // Only one message a call.
        assert_eq!(send(&mut sender, id, 1, UTOP, 0), Err(Error::IpcNotRecv));
        assert_eq!(program.call(Syscall::Getenvid, &[]), Ok(id.0));
    }
}

#[test]
fn recv_refuses_a_place_that_is_not_aligned() {
    let _machine = machine();
    let mut program = start();
    for va in [1, UTEMP + 4, UTOP - 1] {
        assert_eq!(program.call(Syscall::IpcRecv, &[va]), Err(Error::Inval));
        assert!(program.may_go_on() && program.next == Next::Same);
    }
    assert_eq!(record(program.id).ipc_recving.load(Ordering::Relaxed), 0);
}

#[test]
fn a_page_goes_where_the_receiver_wants_it() {
    let _machine = machine();
    let mut sender = start();
    sender.alloc(UTEMP, 1);
    sender.poke(UTEMP, b"a page");
    for rights in [PU, PUW, PUW | 0x400] {
        let id = receiver(UTEMP + PGSIZE);
        assert_eq!(send(&mut sender, id, 7, UTEMP, rights), Ok(0));
        assert_eq!(message(id), [7, sender.id.0, rights]);
        assert_eq!(peek(id, UTEMP + PGSIZE), Some(*b"a page"));
    }
    // If it wants none, or none is sent, no rights are reported.
    for (dstva, srcva) in [(UTOP, UTEMP), (UTEMP, UTOP)] {
        let id = receiver(dstva);
        assert_eq!(send(&mut sender, id, 8, srcva, PU), Ok(0));
        assert_eq!((message(id), peek::<1>(id, UTEMP)), ([8, sender.id.0, 0], None));
    }
}

#[test]
fn a_sent_page_replaces_what_was_there() {
    let _machine = machine();
    let mut sender = start();
    sender.alloc(UTEMP, 1);
    let mut program = start();
    program.alloc(UTEMP, 1);
    let before = frame::available();
    assert_eq!(program.call(Syscall::IpcRecv, &[UTEMP]), Ok(0));
    let id = program.id;
    program.leave();
    assert_eq!(send(&mut sender, id, 0, UTEMP, PUW), Ok(0));
    assert_eq!(frame::available(), before + 1);
}

#[test]
fn race_10_failed_send_leaves_receiver_waiting() {
    let _machine = machine();
    let mut sender = start();
    sender.alloc(UTEMP, 1);
    assert_eq!(sender.call(Syscall::PageMap, &[0, UTEMP, 0, UTEMP + PGSIZE, PU]), Ok(0));
    let read_only = UTEMP + PGSIZE;
    let id = receiver(0x5000_0000);
    // Not aligned; not mapped, with and without a page table; bad rights; more rights than the sender has.
    let bad = [
        (UTEMP + 1, PU),
        (UTEMP + 2 * PGSIZE, PU),
        (0, PU),
        (UTEMP, 0),
        (UTEMP, PUW | 0x8),
        (UTEMP, 0x1000 | PU),
        (read_only, PUW),
    ];
    for (va, rights) in bad {
        assert_eq!(send(&mut sender, id, 1, va, rights), Err(Error::Inval), "{va:x} {rights:x}");
    }
    let hoard = leave_frames(0);
    assert_eq!(send(&mut sender, id, 1, UTEMP, PU), Err(Error::NoMem), "no page table for the receiver");
    drop(hoard);
    assert_eq!((message(id), try_run(id).is_none()), ([0; 3], true));
    assert_eq!(record(id).ipc_recving.load(Ordering::Relaxed), 1);
    assert_eq!(send(&mut sender, id, 2, read_only, PU), Ok(0));
    assert_eq!(message(id), [2, sender.id.0, PU]);
    assert!(try_run(id).is_some());
}

#[test]
fn a_bad_page_is_refused_even_if_the_receiver_wants_none() {
    let _machine = machine();
    let mut sender = start();
    let id = receiver(UTOP);
    for (va, rights) in [(UTEMP + 1, PU), (UTEMP, PU), (UTEMP, 0)] {
        assert_eq!(send(&mut sender, id, 1, va, rights), Err(Error::Inval));
    }
    assert_eq!(send(&mut sender, id, 1, UTOP, 0), Ok(0));
}

#[test]
fn send_refuses_strangers_to_nobody_but_ids_that_are_not() {
    let _machine = machine();
    let mut sender = start();
    let gone = EnvId(spawn(EnvId::NONE).0 + 0x1000);
    // One that never waited for a message.
    let dead = spawn(sender.id);
    assert_eq!(sender.call(Syscall::EnvDestroy, &[dead.0]), Ok(0));
    // Who it is comes before what is sent, be that as bad as it may.
    let bad = [(UTOP, 0), (UTEMP + 1, PUW), (UTEMP, 0)];
    for (id, (va, rights)) in
        [gone, EnvId(u32::MAX), EnvId(gone.0 | 0x400), dead].into_iter().flat_map(|id| bad.map(|bad| (id, bad)))
    {
        assert_eq!(send(&mut sender, id, 0, va, rights), Err(Error::BadEnv), "{id}");
    }
    // No parent, no child: anybody may send, once somebody waits.
    let embryo = crate::env::table::alloc(EnvId::NONE).unwrap();
    for (va, rights) in bad {
        assert_eq!(send(&mut sender, embryo, 0, va, rights), Err(Error::IpcNotRecv));
    }
}

#[test]
fn race_12_nobody_sends_to_himself() {
    let _machine = machine();
    let mut program = start();
    program.alloc(UTEMP, 1);
    for id in [EnvId::NONE, program.id] {
        assert_eq!(send(&mut program, id, 1, UTEMP, PUW), Err(Error::IpcNotRecv));
    }
    // The yield that follows a refusal does not wait for the impossible.
    assert_eq!(program.call(Syscall::Yield, &[]), Ok(0));
    assert!(program.next == Next::Other && program.may_go_on());
}

#[test]
fn race_07_a_receiver_that_has_not_left_its_cpu_runs_nowhere_else() {
    let mut machine = machine();
    let mut receiver = start();
    let id = receiver.id;
    assert_eq!(receiver.call(Syscall::IpcRecv, &[UTOP]), Ok(0));
    machine.as_cpu(1, || {
        let mut sender = start();
        assert_eq!(send(&mut sender, id, 5, UTOP, 0), Ok(0));
        assert!(try_run(id).is_none() && steal().is_none(), "its registers are still on CPU 0");
    });
    assert!(receiver.may_go_on());
    receiver.frame.regs.ebx = 0x600d;
    receiver.leave();
    machine.as_cpu(1, || {
        let stolen = steal().unwrap();
        assert_eq!((stolen.id, stolen.frame.regs.ebx), (id, 0x600d));
        assert!(try_run(id).is_none(), "it is in no queue twice");
    });
}

#[test]
fn being_told_to_run_does_not_wake_a_receiver() {
    let _machine = machine();
    let mut parent = start();
    let child = spawn(parent.id);
    let mut running = run(child);
    assert_eq!(running.call(Syscall::IpcRecv, &[UTOP]), Ok(0));
    running.leave();
    let (runnable, not_runnable) = (EnvStatus::Runnable as u32, EnvStatus::NotRunnable as u32);
    let mut set = |status| parent.call(Syscall::EnvSetStatus, &[child.0, status]);
    assert_eq!(set(runnable), Ok(0));
    assert!(try_run(child).is_none(), "it has no message");
    assert_eq!(set(not_runnable), Ok(0));
    assert_eq!(send(&mut parent, child, 9, UTOP, 0), Ok(0));
    assert!(try_run(child).is_none(), "it has its message, but was told not to run");
    assert_eq!(parent.call(Syscall::EnvSetStatus, &[child.0, runnable]), Ok(0));
    assert_eq!((message(child), run(child).frame.regs.eax), ([9, parent.id.0, 0], 0));
}

#[test]
fn a_blocked_receiver_can_be_killed() {
    let _machine = machine();
    let frames = frame::available();
    let mut parent = start();
    let child = spawn(parent.id);
    let mut running = run(child);
    running.alloc(UTEMP, 2);
    assert_eq!(running.call(Syscall::IpcRecv, &[UTEMP]), Ok(0));
    running.leave();
    assert_eq!(parent.call(Syscall::EnvDestroy, &[child.0]), Ok(0));
    assert_eq!(send(&mut parent, child, 1, UTOP, 0), Err(Error::BadEnv));
    // The next tenant of the slot has not inherited the wait.
    let next = spawn(parent.id);
    assert_eq!(next.slot(), child.slot());
    assert_eq!(send(&mut parent, next, 1, UTOP, 0), Err(Error::IpcNotRecv));
    assert!(try_run(next).is_some());
    drop(parent);
    assert_eq!(frame::available(), frames);
}

#[test]
fn race_11_nothing_is_sent_to_a_dying_receiver() {
    let _machine = machine();
    let mut sender = start();
    sender.alloc(UTEMP, 1);
    let child = spawn(sender.id);
    let mut running = run(child);
    assert_eq!(running.call(Syscall::IpcRecv, &[UTEMP]), Ok(0));
    // Destroyed while it is still on its CPU: it waits, but never again for messages.
    assert_eq!(sender.call(Syscall::EnvDestroy, &[child.0]), Ok(0));
    assert_eq!(send(&mut sender, child, 1, UTEMP, PUW), Err(Error::IpcNotRecv));
    assert!(peek::<1>(child, UTEMP).is_none());
    running.leave();
    assert_eq!(send(&mut sender, child, 1, UTEMP, PUW), Err(Error::BadEnv));
}
