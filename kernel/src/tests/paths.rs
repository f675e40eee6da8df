//! What has to happen on each path to it, where a test of one path would not miss it on another.

use std::sync::atomic::{AtomicU32, Ordering};

use abi::layout::{UTEMP, UTOP};
use abi::trap::IRQ_OFFSET;
use abi::{EnvId, EnvStatus, Error, Syscall};

use super::machine::{in_kernel, leave_frames, machine, record, until};
use super::program::{PUW, Program, run, spawn, start, try_run, wait_for};
use crate::env::table;
use crate::mm::frame::PageRef;
use crate::mm::phys;
use crate::run::Next;
use crate::trap::irq;
use crate::x86::lapic::KICK;
use crate::x86::{ports, registers};
use crate::{console, cpu, presence, sched};

/// Present and for users, but not to be written.
const PU: u32 = PUW & !2;

/// A second page, to map from.
const OTHER: u32 = UTEMP + 4096;

/// Whether the env's CPU was told to forget translations since this was last asked.
fn told_to_flush(slot: usize) -> bool {
    match presence::entering_user(cpu::this(), slot) {
        Ok(()) => {
            presence::left_user(cpu::this());
            false
        }
        Err(attention) => attention & presence::FLUSH != 0,
    }
}

/// The ways to change what is mapped at `UTEMP` of `target`, each after the other; `forgotten` says whether the old one was.
fn every_change(caller: &mut Program, target: EnvId, mut forgotten: impl FnMut() -> bool) {
    let mut change = |what: &str, call: Syscall, arguments: &[u32], expected: bool| {
        forgotten();
        assert_eq!(caller.call(call, arguments), Ok(0), "{what}");
        assert_eq!(forgotten(), expected, "{what}");
    };
    let to = |perm| [0, OTHER, target.0, UTEMP, perm];
    change("a page to map from", Syscall::PageAlloc, &[0, OTHER, PUW], false);
    change("the first entry", Syscall::PageMap, &to(PUW), false);
    change("fewer rights to the same page", Syscall::PageMap, &to(PU), true);
    change("more rights to the same page", Syscall::PageMap, &to(PUW), true);
    change("another page", Syscall::PageAlloc, &[target.0, UTEMP, PUW], true);
    change("another page, only to be read", Syscall::PageAlloc, &[target.0, UTEMP, PU], true);
    change("a page only to be read is mapped over", Syscall::PageMap, &to(PUW), true);
    change("a page is unmapped", Syscall::PageUnmap, &[target.0, UTEMP], true);
    change("nothing is unmapped", Syscall::PageUnmap, &[target.0, UTEMP], false);
    change("a page only to be read", Syscall::PageMap, &to(PU), false);
    change("a page only to be read is unmapped", Syscall::PageUnmap, &[target.0, UTEMP], true);
    change("nothing of the target is changed", Syscall::PageMap, &[0, OTHER, 0, OTHER + 4096, PU], false);
}

#[test]
fn race_20_each_change_of_an_entry_here_drops_the_translation() {
    let _machine = machine();
    let mut program = start();
    let mut before = 0;
    every_change(&mut program, EnvId::NONE, || {
        let now = registers::mine().flushes.load(Ordering::SeqCst);
        core::mem::replace(&mut before, now) != now
    });
}

#[test]
fn race_20_each_change_of_an_entry_elsewhere_is_told_there() {
    let _machine = machine();
    let mut parent = start();
    let child = spawn(parent.id);
    every_change(&mut parent, child, || told_to_flush(child.slot()));
}

#[test]
fn what_a_tick_pulls_over_is_queued_here() {
    let mut machine = machine();
    let envs = machine.as_cpu(1, || [(); 3].map(|()| spawn(EnvId::NONE)));
    sched::balance();
    let pulled = sched::pick(abi::NENV - 1).expect("one of the three is in this CPU's queue");
    assert!(envs.contains(&pulled.id()));
    sched::release(pulled);
    // None is lost: each can still be had.
    let had = [(); 3].map(|()| sched::pick(abi::NENV - 1).or_else(sched::steal).expect("all three are queued"));
    assert!(envs.iter().all(|id| had.iter().any(|env| env.id() == *id)));
    had.into_iter().for_each(sched::release);
}

/// Whoever is alone in a queue is not pulled to and fro.
#[test]
fn what_is_longer_by_one_is_not_pulled_over() {
    let mut machine = machine();
    let spawn_two = || [(); 2].map(|()| spawn(EnvId::NONE));
    machine.as_cpu(1, || spawn(EnvId::NONE));
    sched::balance();
    assert!(sched::pick(abi::NENV - 1).is_none(), "one beside none");
    let (here, there) = (spawn_two(), machine.as_cpu(1, spawn_two));
    sched::balance();
    let picked: Vec<_> = core::iter::from_fn(|| sched::pick(abi::NENV - 1)).collect();
    let ids: Vec<_> = picked.iter().map(|env| env.id()).collect();
    assert!(ids.len() == 2 && ids.iter().all(|id| here.contains(id)), "{ids:?} of {here:?} here and {there:?} there");
    picked.into_iter().for_each(sched::release);
}

/// A sender that was refused by `busy` and yields.
fn refused_and_patient(sender: EnvId, busy: EnvId) {
    let mut sender = run(sender);
    assert_eq!(sender.call(Syscall::IpcTrySend, &[busy.0, 0, UTOP]), Err(Error::IpcNotRecv));
    assert_eq!(sender.call(Syscall::Yield, &[]), Ok(0));
    assert_eq!(sender.next, Next::Other);
    sender.leave();
}

#[test]
fn a_tick_of_a_busy_cpu_ends_patience() {
    let _machine = machine();
    let (mut busy, sender) = (start(), spawn(EnvId::NONE));
    refused_and_patient(sender, busy.id);
    assert!(sched::pick(busy.id.slot()).is_none(), "it waits for the receiver");
    busy.trap(IRQ_OFFSET);
    let sender = run(sender);
    assert!(sender.may_go_on(), "its patience ended when it was picked");
    sender.leave();
}

#[test]
fn who_was_refused_waits_at_its_next_yield_and_no_other() {
    let _machine = machine();
    let (mut busy, sender) = (start(), spawn(EnvId::NONE));
    refused_and_patient(sender, busy.id);
    busy.trap(IRQ_OFFSET);
    let mut again = run(sender);
    assert_eq!(again.call(Syscall::Yield, &[]), Ok(0));
    again.leave();
    assert!(try_run(sender).is_some(), "it waits for nobody");
}

#[test]
fn the_tick_of_an_idle_cpu_ends_patience() {
    let _machine = machine();
    let (busy, sender) = (start(), spawn(EnvId::NONE));
    refused_and_patient(sender, busy.id);
    // Not before a tick, whatever else wakes the CPU.
    irq::handle_idle(KICK);
    irq::after_idle();
    assert!(try_run(sender).is_none(), "it waits for the receiver");
    irq::handle_idle(IRQ_OFFSET as u8);
    irq::after_idle();
    assert!(try_run(sender).is_some(), "its patience has ended");
}

#[test]
fn a_patient_env_leaves_its_cpu_be_it_alone_there() {
    let _machine = machine();
    let (busy, sender) = (start(), spawn(EnvId::NONE));
    let mut sender = run(sender);
    assert_eq!(sender.call(Syscall::IpcTrySend, &[busy.id.0, 0, UTOP]), Err(Error::IpcNotRecv));
    assert!(sender.may_go_on(), "it may do something else");
    assert_eq!(sender.call(Syscall::Yield, &[]), Ok(0));
    assert!(!sender.may_go_on(), "nothing will have changed by now");
    sender.leave();
}

#[test]
fn each_of_those_who_wait_to_send_has_its_turn() {
    let mut refused = crate::env::Mailbox::EMPTY.refused;
    [1, 5, 9].into_iter().for_each(|slot| refused.insert(slot));
    // Whoever has had its turn and was refused again comes behind the others.
    for slot in [1, 5, 9, 1, 5] {
        assert_eq!(refused.pop(), Some(slot));
        refused.insert(slot);
    }
}

#[test]
fn who_waited_to_send_to_the_last_tenant_is_forgotten() {
    let _machine = machine();
    let (mut busy, sender) = (start(), spawn(EnvId::NONE));
    refused_and_patient(sender, busy.id);
    let slot = busy.id.slot();
    assert_eq!(busy.call(Syscall::EnvDestroy, &[0]), Ok(0));
    busy.leave();
    assert_eq!(table::env(slot).mailbox.lock().refused.pop(), None);
}

#[test]
fn a_status_that_is_none_is_refused_whatever_the_env_does() {
    let _machine = machine();
    let mut parent = start();
    let child = spawn(parent.id);
    let mut none_of_them = || {
        for status in [EnvStatus::Free as u32, EnvStatus::Dying as u32, EnvStatus::Running as u32, 5, u32::MAX] {
            let answer = parent.call(Syscall::EnvSetStatus, &[child.0, status]);
            assert_eq!(answer, Err(Error::Inval), "{status}");
        }
    };
    none_of_them();
    let mut program = run(child);
    assert_eq!(program.call(Syscall::IpcRecv, &[UTOP]), Ok(0));
    program.leave();
    none_of_them();
}

#[test]
fn race_41_every_frame_comes_zeroed() {
    let _machine = machine();
    // Each is filled with poison when it is given back.
    drop(leave_frames(0));
    let pages: Vec<_> = core::iter::from_fn(PageRef::alloc_zeroed).collect();
    assert!(pages.len() > 1_000);
    for page in &pages {
        assert!(phys::is_filled(page.frame(), 0), "{:?} was not zeroed", page.frame());
    }
}

#[test]
fn race_08_nobody_waits_for_a_receiver_that_is_ready() {
    const ROUNDS: u32 = 2_000;
    let mut machine = machine();
    machine.jitter();
    let (sender, receiver) = (spawn(EnvId::NONE), spawn(EnvId::NONE));
    let arrived = AtomicU32::new(0);
    // Each side arrives once for each step.
    let meet = |step: u32| {
        arrived.fetch_add(1, Ordering::SeqCst);
        until(|| (arrived.load(Ordering::SeqCst) >= 2 * step).then_some(()));
    };
    let sending = || {
        for round in 0..ROUNDS {
            let mut program = wait_for(sender);
            let send =
                |program: &mut Program| in_kernel(|| program.call(Syscall::IpcTrySend, &[receiver.0, round, UTOP]));
            assert_eq!(send(&mut program), Err(Error::IpcNotRecv));
            meet(3 * round + 1);
            assert_eq!(in_kernel(|| program.call(Syscall::Yield, &[])), Ok(0));
            in_kernel(|| program.leave());
            meet(3 * round + 2);
            in_kernel(|| {
                assert_eq!(record(receiver).ipc_recving.load(Ordering::SeqCst), 1);
                let patient = table::env(sender.slot()).life.lock().patient;
                assert!(!patient, "round {round}: it would wait for a tick, and the receiver waits for it");
            });
            let mut program = wait_for(sender);
            assert_eq!(send(&mut program), Ok(0));
            in_kernel(|| program.leave());
            meet(3 * round + 3);
        }
    };
    let receiving = || {
        for round in 0..ROUNDS {
            let mut program = wait_for(receiver);
            meet(3 * round + 1);
            assert_eq!(in_kernel(|| program.call(Syscall::IpcRecv, &[UTOP])), Ok(0));
            in_kernel(|| program.leave());
            meet(3 * round + 2);
            meet(3 * round + 3);
        }
    };
    // The jitter is for all but the boot CPU: here it is the sender who dawdles.
    machine.beside(receiving, sending);
}

#[test]
fn input_keeps_its_order_round_the_ring_and_what_does_not_fit_is_lost() {
    let _machine = machine();
    let typed: Vec<u8> = (0..600).map(|place| b'a' + (place % 23) as u8).collect();
    let type_in = |bytes: &[u8]| {
        ports::type_on_line(bytes);
        console::interrupt();
    };
    let read = |count: usize| (0..count).map(|_| console::getc()).collect::<Vec<u8>>();
    // Three times round.
    for part in typed.chunks(200).cycle().take(9) {
        type_in(part);
        assert_eq!(read(part.len()), part);
    }
    type_in(&typed);
    assert_eq!(read(513), [&typed[..512], b"\0"].concat());
}
