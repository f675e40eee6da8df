//! What one CPU tells others: that there is work, that a message has come, and what it prints.

use std::sync::atomic::{AtomicU32, Ordering};

use abi::layout::UTOP;
use abi::trap::IRQ_OFFSET;
use abi::{EnvId, Syscall};
use sync::big;

use super::machine::{CPUS, in_kernel, machine, record, until};
use super::program::{spawn, start, wait_for};
use crate::cpu::This;
use crate::env::table;
use crate::trap::irq;
use crate::x86::{ports, registers};
use crate::{console, cpu, idle, println, sched};

#[test]
fn race_30_an_idle_cpu_misses_no_work() {
    wake_often(1, 500);
}

/// The words of the mask that says which CPUs are idle have 32 bits, and there is not always a whole number of them.
#[test]
fn the_last_cpu_is_woken_as_the_first_is() {
    wake_often(CPUS - 1, 50);
}

/// Lets one CPU sleep and another one wake it, again and again.
fn wake_often(sleeper: usize, rounds: u32) {
    let mut machine = machine();
    let (id, ran) = (table::alloc(EnvId::NONE).unwrap(), AtomicU32::new(0));
    machine.parallel(sleeper.max(2), |cpu| {
        if cpu == sleeper {
            let mut big = big::enter::<This>();
            for _ in 0..rounds {
                let env = idle::wait(&mut big);
                table::env(id.slot()).life.lock().frozen = true;
                sched::release(env);
                ran.fetch_add(1, Ordering::SeqCst);
            }
            return;
        }
        if cpu != 2 {
            return;
        }
        for round in 0..rounds {
            in_kernel(|| {
                let mut life = table::env(id.slot()).life.lock();
                life.frozen = false;
                sched::settle(&mut life);
            });
            // Nothing but the wake-up ends the sleep of a CPU whose timer is off.
            until(|| (ran.load(Ordering::SeqCst) == round + 1).then_some(()));
        }
    });
}

#[test]
fn each_idle_cpu_is_known_for_itself() {
    let _machine = machine();
    let idle_ones = || (0..CPUS).filter(|&cpu| idle::is_idle(cpu)).collect::<Vec<_>>();
    let told = || (0..CPUS).filter(|&cpu| registers::of(cpu).take_interrupt()).collect::<Vec<_>>();
    told();
    [3, 5, CPUS - 1].into_iter().for_each(idle::announce);
    assert_eq!(idle_ones(), [3, 5, CPUS - 1]);
    idle::rouse(5);
    assert_eq!((idle_ones(), told()), (vec![3, CPUS - 1], vec![5]), "the preferred one");
    idle::rouse(5);
    assert_eq!((idle_ones(), told()), (vec![CPUS - 1], vec![3]), "another one, and that one alone");
    idle::rouse(5);
    idle::rouse(5);
    assert_eq!((idle_ones(), told()), (vec![], vec![CPUS - 1]));
}

#[test]
fn an_env_is_queued_where_it_was_last_if_that_cpu_is_idle() {
    let mut machine = machine();
    let id = machine.as_cpu(3, || {
        let program = start();
        let id = program.id;
        program.leave();
        id
    });
    let queued_anew = |patient| {
        let mut life = table::env(id.slot()).life.lock();
        life.frozen = true;
        sched::settle(&mut life);
        (life.frozen, life.patient) = (false, patient);
        sched::settle(&mut life);
        life.queued_on
    };
    let busy = queued_anew(false);
    idle::announce(3);
    let patient = queued_anew(true);
    let stayed_idle = idle::is_idle(3);
    let idle = queued_anew(false);
    let woken = registers::of(3).take_interrupt();
    assert_eq!((busy, patient, stayed_idle), (Some(0), Some(0), true), "the other one has work, or this env has none");
    assert_eq!((idle, woken, idle::is_idle(3)), (Some(3), true, false));
}

#[test]
fn race_34_lines_come_out_whole() {
    const LINES: usize = 100;
    let mut machine = machine();
    machine.dawdle();
    machine.parallel(4, |cpu| {
        let line = format!("{}\n", cpu.to_string().repeat(60));
        for _ in 0..LINES {
            in_kernel(|| console::write_bytes(line.as_bytes()));
            in_kernel(|| println!("{}{}", &line[..30], line[30..].trim_end()));
        }
    });
    let output = ports::take_output();
    let mixed = output.lines().find(|line| line.len() != 60 || line.bytes().any(|byte| byte != line.as_bytes()[0]));
    assert_eq!((mixed, output.lines().count()), (None, 8 * LINES));
}

#[test]
fn race_35_a_report_from_inside_the_console_lock_is_printed() {
    let mut machine = machine();
    machine.expect_a_report();
    // The arguments are formatted while the console is locked.
    println!("before {} after", core::fmt::from_fn(|f| write!(f, "{}", table::env(0).life.lock().frozen)));
    let output = ports::take_output();
    assert!(output.contains("\nLOCKREPORT kind=leaf outer=console#0 inner=env-life#0 "), "{output}");
    assert!(output.starts_with("before \n"), "it has lines of its own: {output}");
    assert!(output.ends_with("e after\n"), "it goes on: {output}");
}

#[test]
fn race_35_a_report_has_lines_of_its_own() {
    let _machine = machine();
    console::write_bytes(b"half a li");
    console::emergency(format_args!("one {}", 1));
    console::emergency(format_args!("and two\n"));
    console::emergency(format_args!("three\n"));
    console::write_bytes(b"ne\n");
    console::emergency(format_args!("four\n"));
    assert_eq!(ports::take_output(), "half a li\none 1and two\nthree\nne\nfour\n");
}

#[test]
fn race_44_who_sees_that_a_message_came_sees_the_message() {
    const MESSAGES: u32 = 1_000;
    let mut machine = machine();
    let (ready, seen) = (AtomicU32::new(0), AtomicU32::new(0));
    let mut receiver = start();
    let id = receiver.id;
    assert_eq!(receiver.call(Syscall::IpcRecv, &[UTOP]), Ok(0));
    receiver.leave();
    let is_at = |word: &AtomicU32, value: u32| until(|| (word.load(Ordering::SeqCst) == value).then_some(()));
    machine.parallel(2, |cpu| {
        if cpu == 1 {
            let mut sender = in_kernel(start);
            for value in 1..=MESSAGES {
                is_at(&ready, value);
                assert_eq!(in_kernel(|| sender.call(Syscall::IpcTrySend, &[id.0, value, UTOP])), Ok(0));
                is_at(&seen, value);
                let mut receiver = wait_for(id);
                assert_eq!(in_kernel(|| receiver.call(Syscall::IpcRecv, &[UTOP])), Ok(0));
                in_kernel(|| receiver.leave());
            }
            in_kernel(|| drop(sender));
            return;
        }
        // Another program, which reads what all can read.
        for value in 1..=MESSAGES {
            until(|| (record(id).ipc_recving.load(Ordering::SeqCst) != 0).then_some(()));
            ready.store(value, Ordering::SeqCst);
            let mut turns = 0_u32;
            while record(id).ipc_recving.load(Ordering::Acquire) != 0 {
                turns += 1;
                if turns.is_multiple_of(1 << 14) {
                    std::thread::yield_now();
                }
            }
            assert_eq!(record(id).ipc_value.load(Ordering::Relaxed), value);
            seen.store(value, Ordering::SeqCst);
        }
    });
}

#[test]
fn a_cpu_that_sleeps_has_nothing_to_do() {
    let mut machine = machine();
    let id = spawn(EnvId::NONE);
    machine.parallel(1, |_| {
        let mut big = big::enter::<This>();
        let wakes = || cpu::this().wakes.load(Ordering::SeqCst);
        let before = wakes();
        let env = idle::wait(&mut big);
        assert_eq!(env.id(), id, "what was queued before it came");
        // Who looks twice whether all are idle would not see it otherwise.
        assert_ne!(wakes(), before, "it has not been idle all the time");
        sched::release(env);
    });
}

#[test]
fn a_timer_that_was_turned_off_for_an_idle_cpu_is_turned_on_again() {
    let _machine = machine();
    let is_on = || registers::mine().timer.load(Ordering::Relaxed);
    let tick_while_idle = || {
        irq::handle_idle(IRQ_OFFSET as u8);
        irq::after_idle();
    };
    cpu::this().ticking.store(false, Ordering::Relaxed);
    for _ in 0..2 {
        irq::keep_ticking();
        assert!(is_on(), "what runs is to be interrupted");
        tick_while_idle();
        assert!(!is_on(), "an idle CPU needs no ticks");
    }
}
