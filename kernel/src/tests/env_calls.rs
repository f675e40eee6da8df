//! `exofork`, `env_set_status`, `env_set_pgfault_upcall`, `cputs`, `cgetc`.

use std::sync::atomic::Ordering;

use abi::layout::{PGSIZE, UENVS, ULIM, USTACKTOP, UTEMP};
use abi::{EnvId, EnvStatus, Error, PushRegs, Syscall};

use super::machine::{interrupts, leave_frames, machine, record};
use super::program::{PU, Program, peek, run, spawn, start, try_run};
use crate::env::table;
use crate::run::Next;
use crate::x86::frame::TrapFrame;
use crate::x86::ports;
use crate::{cpu, presence};

const RUNNABLE: u32 = EnvStatus::Runnable as u32;
const NOT_RUNNABLE: u32 = EnvStatus::NotRunnable as u32;

fn status(id: EnvId) -> u32 {
    record(id).status.load(Ordering::Relaxed)
}

fn set_status(parent: &mut Program, child: EnvId, status: u32) -> Result<u32, Error> {
    parent.call(Syscall::EnvSetStatus, &[child.0, status])
}

#[test]
fn exofork_copies_the_registers_and_nothing_else() {
    let _machine = machine();
    let mut parent = start();
    parent.alloc(UTEMP, 1);
    assert_eq!(parent.call(Syscall::EnvSetPgfaultUpcall, &[0, 0x80_1234]), Ok(0));
    parent.frame.regs.ebp = 0x1234_5678;
    // Every flag that a program can set: the child finds them as they were.
    (parent.frame.eip, parent.frame.esp, parent.frame.eflags) = (0x80_0042, USTACKTOP - 8, 0x24_4fd7);
    let child = EnvId(parent.call(Syscall::Exofork, &[1, 2, 3, 4, 5]).unwrap());
    assert_eq!(record(child).parent_id.load(Ordering::Relaxed), parent.id.0);
    assert_eq!((status(child), record(child).pgfault_upcall.load(Ordering::Relaxed)), (NOT_RUNNABLE, 0));
    assert!(try_run(child).is_none() && peek::<1>(child, UTEMP).is_none());
    assert_eq!(set_status(&mut parent, child, RUNNABLE), Ok(0));
    // EAX has an answer in it since, and the other registers another call's arguments.
    let before = PushRegs { eax: 0, edx: 1, ecx: 2, ebx: 3, edi: 4, esi: 5, ..parent.frame.regs };
    let expected = TrapFrame { regs: before, ..parent.frame };
    parent.leave();
    let running = run(child);
    assert_eq!(running.frame, expected);
    assert_eq!(record(child).runs.load(Ordering::Relaxed), 1);
}

#[test]
fn exofork_refuses() {
    let _machine = machine();
    let mut parent = start();
    let hoard = leave_frames(0);
    assert_eq!(parent.call(Syscall::Exofork, &[]), Err(Error::NoMem));
    drop(hoard);
    while table::alloc(EnvId::NONE).is_ok() {}
    assert_eq!(parent.call(Syscall::Exofork, &[]), Err(Error::NoFreeEnv));
}

#[test]
fn set_status_refuses() {
    let _machine = machine();
    let mut parent = start();
    let (child, stranger) = (spawn(parent.id), spawn(EnvId::NONE));
    let grandchild = spawn(child);
    for env in [stranger.0, grandchild.0, child.0 + 0x1000, u32::MAX] {
        assert_eq!(parent.call(Syscall::EnvSetStatus, &[env, 99]), Err(Error::BadEnv), "{env:x}");
        assert_eq!(parent.call(Syscall::EnvSetPgfaultUpcall, &[env, 99]), Err(Error::BadEnv), "{env:x}");
        assert_eq!(parent.call(Syscall::EnvDestroy, &[env]), Err(Error::BadEnv), "{env:x}");
    }
    for bad in [0, 1, 3, 5, u32::MAX] {
        assert_eq!(set_status(&mut parent, child, bad), Err(Error::Inval));
        assert_eq!(status(child), RUNNABLE);
    }
}

#[test]
fn race_05_runnable_does_not_put_a_running_env_in_a_queue() {
    let mut machine = machine();
    let mut parent = start();
    let child = spawn(parent.id);
    let running = run(child);
    assert_eq!(set_status(&mut parent, child, RUNNABLE), Ok(0));
    assert_eq!(status(child), EnvStatus::Running as u32);
    assert!(try_run(child).is_none());
    machine.as_cpu(1, || assert!(crate::sched::steal().is_none()));
    running.leave();
    assert!(try_run(child).is_some(), "once off the CPU it is queued, once");
    assert!(try_run(child).is_none());
}

#[test]
fn race_05_a_dying_env_stays_dying() {
    let mut machine = machine();
    let mut parent = start();
    let child = spawn(parent.id);
    machine.as_cpu(1, || assert!(try_run(child).is_none()));
    let running = run(child);
    assert_eq!(parent.call(Syscall::EnvDestroy, &[child.0]), Ok(0));
    for status_wanted in [RUNNABLE, NOT_RUNNABLE, RUNNABLE] {
        assert_eq!(set_status(&mut parent, child, status_wanted), Ok(0));
        assert_eq!(status(child), EnvStatus::Dying as u32);
    }
    assert!(!running.may_go_on());
    running.leave();
    assert_eq!(status(child), EnvStatus::Free as u32);
    assert_eq!(set_status(&mut parent, child, RUNNABLE), Err(Error::BadEnv));
    assert!(try_run(child).is_none());
}

#[test]
fn race_06_a_frozen_env_does_not_run() {
    let _machine = machine();
    let mut parent = start();
    let child = spawn(parent.id);
    // Queued: it leaves the queue.
    assert_eq!(set_status(&mut parent, child, NOT_RUNNABLE), Ok(0));
    assert_eq!(status(child), NOT_RUNNABLE);
    assert!(try_run(child).is_none());
    assert_eq!(set_status(&mut parent, child, RUNNABLE), Ok(0));
    assert_eq!(set_status(&mut parent, child, RUNNABLE), Ok(0));
    // On a CPU: it may not enter user mode again.
    let running = run(child);
    assert_eq!(set_status(&mut parent, child, NOT_RUNNABLE), Ok(0));
    assert_eq!((status(child), running.may_go_on()), (NOT_RUNNABLE, false));
    assert_eq!(presence::entering_user(cpu::this(), child.slot()), Err(presence::STOP));
    running.leave();
    assert!(try_run(child).is_none());
    assert_eq!(set_status(&mut parent, child, RUNNABLE), Ok(0));
    assert!(try_run(child).is_some());
}

#[test]
fn an_env_that_freezes_itself_waits_to_be_freed() {
    let _machine = machine();
    let mut parent = start();
    let child = spawn(parent.id);
    let mut running = run(child);
    let before = interrupts(0);
    assert_eq!(running.call(Syscall::EnvSetStatus, &[0, NOT_RUNNABLE]), Ok(0));
    assert_eq!((running.next, running.may_go_on()), (Next::Other, false));
    running.leave();
    assert!(try_run(child).is_none());
    assert_eq!(set_status(&mut parent, child, RUNNABLE), Ok(0));
    let resumed = run(child);
    assert_eq!((resumed.frame.regs.eax, interrupts(0)), (0, before), "no CPU interrupts itself");
}

#[test]
fn the_upcall_is_stored_as_it_is() {
    let _machine = machine();
    let mut parent = start();
    let child = spawn(parent.id);
    for upcall in [0x80_0000, 0xdead_beef, u32::MAX, 0] {
        assert_eq!(parent.call(Syscall::EnvSetPgfaultUpcall, &[child.0, upcall]), Ok(0));
        assert_eq!(record(child).pgfault_upcall.load(Ordering::Relaxed), upcall);
    }
}

#[test]
fn cputs_prints_up_to_the_first_nul() {
    let _machine = machine();
    let mut program = start();
    program.alloc(UTEMP, 2);
    let text = [b'x'; 1000];
    program.poke(UTEMP + PGSIZE - 500, &text);
    program.poke(UTEMP, b"hello\nthere\0not this");
    ports::take_output();
    assert_eq!(program.call(Syscall::Cputs, &[UTEMP, 20]), Ok(0));
    assert_eq!(ports::take_output(), "hello\nthere");
    assert_eq!(program.call(Syscall::Cputs, &[UTEMP, 5]), Ok(0));
    assert_eq!(program.call(Syscall::Cputs, &[0, 0]), Ok(0));
    assert_eq!(ports::take_output(), "hello");
    assert_eq!(program.call(Syscall::Cputs, &[UTEMP + PGSIZE - 500, 2000]), Ok(0));
    assert_eq!(ports::take_output(), "x".repeat(1000));
    // Also when there is more than is copied at once behind the NUL.
    program.poke(UTEMP + PGSIZE - 400, &[0]);
    assert_eq!(program.call(Syscall::Cputs, &[UTEMP + PGSIZE - 500, 1000]), Ok(0));
    assert_eq!(ports::take_output(), "x".repeat(100));
    // The windows above UTOP are legal to read.
    assert_eq!(program.call(Syscall::Cputs, &[UENVS, PGSIZE]), Ok(0));
}

#[test]
fn cputs_kills_for_a_bad_pointer_before_it_prints() {
    let _machine = machine();
    let ranges = [
        (1, 1, 1),
        (ULIM, 4, ULIM),
        (u32::MAX, 1, u32::MAX),
        (UTEMP, PGSIZE + 1, UTEMP + PGSIZE),
        (UTEMP + 4, u32::MAX, UTEMP + PGSIZE),
    ];
    for (va, len, bad) in ranges {
        let mut program = start();
        program.alloc(UTEMP, 1);
        program.poke(UTEMP, b"text");
        assert_eq!(program.call(Syscall::PageMap, &[0, UTEMP, 0, UTEMP, PU]), Ok(0));
        ports::take_output();
        let _ = program.call(Syscall::Cputs, &[va, len]);
        let id = program.id;
        assert_eq!((program.next, status(id)), (Next::Other, EnvStatus::Dying as u32));
        program.leave();
        let expected = format!("[{id}] user_mem_check assertion failure for va {bad:08x}\n[{id}] free env {id}\n");
        assert_eq!(ports::take_output(), expected);
    }
}

#[test]
fn cgetc_gives_what_was_typed_and_never_waits() {
    let _machine = machine();
    let mut program = start();
    assert_eq!(program.call(Syscall::Cgetc, &[]), Ok(0));
    ports::type_on_line(b"a\0b");
    // Shift and a key, let go again; then Control and C; then a grey key.
    ports::press(&[0x2a, 0x1e, 0x9e, 0xaa, 0x1d, 0x2e, 0xae, 0x9d, 0xe0, 0x48, 0xe0, 0xc8]);
    let bytes: Vec<_> = (0..6).map(|_| program.call(Syscall::Cgetc, &[]).unwrap()).collect();
    assert_eq!(bytes, [u32::from(b'a'), u32::from(b'b'), u32::from(b'A'), 3, 0xe2, 0]);
}

#[test]
fn what_does_not_fit_into_the_input_ring_is_lost() {
    const RING: usize = 512;
    let _machine = machine();
    let mut program = start();
    let typed: Vec<u8> = (b'a'..=b'z').cycle().take(RING + 100).collect();
    // The second time the ring's end is in the midst of it.
    for len in [100, RING + 100] {
        ports::type_on_line(&typed[..len]);
        let mut next = || Some(program.call(Syscall::Cgetc, &[]).unwrap() as u8).filter(|&byte| byte != 0);
        let read: Vec<u8> = core::iter::from_fn(&mut next).collect();
        assert_eq!(read, typed[..len.min(RING)]);
    }
}
