//! Interrupts: which are ended, what each makes a CPU do, with an env on it and without, and what is said about strays.

use std::sync::atomic::Ordering;

use abi::syscall::T_SYSCALL;
use abi::trap::IRQ_OFFSET;
use abi::{EnvId, Syscall};
use log::LevelFilter;

use super::machine::machine;
use super::program::{run, spawn, start};
use crate::run::Next;
use crate::trap::irq;
use crate::x86::lapic::KICK;
use crate::x86::{ports, registers};
use crate::{cpu, sched};

const TIMER: u8 = IRQ_OFFSET as u8;
const KEYBOARD: u8 = TIMER + 1;
const SERIAL: u8 = TIMER + 4;
const SPURIOUS: u8 = TIMER + 7;
const LAPIC_ERROR: u8 = TIMER + 19;

/// What is printed about strays while `act` is done.
fn said(act: impl FnOnce()) -> String {
    let before = log::max_level();
    log::set_max_level(LevelFilter::Warn);
    ports::take_output();
    act();
    log::set_max_level(before);
    ports::take_output()
}

#[test]
fn an_interrupt_that_nobody_asked_for_kills_nobody() {
    let _machine = machine();
    let mut program = start();
    ports::take_output();
    for vector in (IRQ_OFFSET..256).chain(IRQ_OFFSET..256).filter(|&vector| vector != T_SYSCALL.into()) {
        program.trap(vector);
        assert_eq!(program.next, if vector == IRQ_OFFSET { Next::Other } else { Next::Same }, "{vector}");
    }
    assert!(program.may_go_on());
    registers::mine().timer.store(false, Ordering::Relaxed);
}

#[test]
fn every_interrupt_is_ended_and_no_other_one() {
    let _machine = machine();
    let (mut program, mine) = (start(), registers::mine());
    let check = |vector: u8, way: &str, handle: &mut dyn FnMut()| {
        mine.bring(vector);
        handle();
        assert_eq!(mine.not_ended().next(), None, "{vector:#x}, {way}");
        // One that the APIC has not brought needs no end, and the end of another one is not its to give.
        if ![IRQ_OFFSET as u8, KICK].contains(&vector) {
            let other = if vector == 0xff { 0xfe } else { 0xff };
            mine.bring(other);
            handle();
            assert_eq!(mine.not_ended().collect::<Vec<_>>(), [other], "after {vector:#x}, {way}");
            mine.end_first();
        }
    };
    for vector in IRQ_OFFSET as u8..=0xff {
        check(vector, "while idle", &mut || irq::handle_idle(vector));
        if vector != T_SYSCALL {
            check(vector, "while a program ran", &mut || program.trap(vector.into()));
        }
    }
    irq::after_idle();
}

#[test]
fn the_timer_gives_others_their_turn_and_input_does_not() {
    let _machine = machine();
    let mut program = start();
    let other = spawn(EnvId::NONE);
    program.trap(IRQ_OFFSET);
    assert!(program.next == Next::Other && program.may_go_on());
    for vector in [IRQ_OFFSET + 1, IRQ_OFFSET + 4, u32::from(KICK)] {
        program.trap(vector);
        assert_eq!(program.next, Next::Same, "{vector}");
    }
    // An env that yields comes behind all others.
    assert_eq!(program.call(Syscall::Yield, &[]), Ok(0));
    assert_eq!(program.next, Next::Other);
    let id = program.id;
    program.leave();
    assert_eq!([run(other).id, run(id).id], [other, id]);
    registers::mine().timer.store(false, Ordering::Relaxed);
}

#[test]
fn input_is_taken_from_its_device_before_that_has_no_room() {
    let _machine = machine();
    let mut program = start();
    let waiting = |vector| {
        let typed = |typing: fn(&[u8])| {
            typing(b"ab");
            ports::waiting()
        };
        if vector == SERIAL { typed(ports::type_on_line) } else { typed(ports::press) }
    };
    for vector in [KEYBOARD, SERIAL] {
        assert_eq!(waiting(vector), 2);
        program.trap(vector.into());
        assert_eq!(ports::waiting(), 0, "{vector:#x} while a program ran");
        assert_eq!(waiting(vector), 2);
        irq::handle_idle(vector);
        // It may not have the big lock.
        assert_eq!(ports::waiting(), 2, "{vector:#x} takes no lock while idle");
        irq::after_idle();
        assert_eq!(ports::waiting(), 0, "{vector:#x} after that");
    }
    assert_eq!(waiting(SERIAL), 2);
    irq::handle_idle(KICK);
    irq::after_idle();
    assert_eq!(ports::waiting(), 2, "nothing has come that says so");
    while crate::console::getc() != 0 {}
}

#[test]
fn strays_are_reported_once_each() {
    let _machine = machine();
    irq::forget_strays();
    let mut program = start();
    let while_idle = said(|| [0x77, 0x77, 0x57].into_iter().for_each(irq::handle_idle));
    let after = said(irq::after_idle);
    let report = |vector: u8| format!("nobody asked for interrupt {vector:#x}\n");
    assert_eq!(while_idle, "", "an idle CPU takes no lock");
    assert_eq!(after.matches("nobody").count(), 2, "{after}");
    assert!(after.contains(&report(0x77)) && after.contains(&report(0x57)), "{after}");
    // Known already; new, and no other one with it; the APIC's own.
    for (vector, due) in [
        (0x57, String::new()),
        (0xfe, report(0xfe)),
        (0xfe, String::new()),
        (LAPIC_ERROR, "the local APIC reports an error\n".to_owned()),
    ] {
        let text = said(|| program.trap(vector.into()));
        assert!(text.ends_with(&due) && text.lines().count() == due.lines().count(), "{vector:#x}: {text}");
    }
    let asked_for = said(|| {
        [KEYBOARD, SERIAL, SPURIOUS, KICK].into_iter().for_each(irq::handle_idle);
        irq::after_idle();
        [KEYBOARD, SERIAL, KICK].into_iter().for_each(|vector| program.trap(vector.into()));
    });
    assert_eq!(asked_for, "");
}

/// JOS: `trap_dispatch`.
#[test]
fn a_spurious_interrupt_shows_what_it_interrupted() {
    let _machine = machine();
    irq::forget_strays();
    let mut program = start();
    for _ in 0..2 {
        let text = said(|| program.trap(SPURIOUS.into()));
        assert!(text.starts_with("Spurious interrupt on irq 7\nTRAP frame at "), "{text}");
        assert!(text.contains("  trap 0x00000027 Hardware Interrupt\n") && !text.contains("nobody"), "{text}");
        assert_eq!(program.next, Next::Same);
    }
}

#[test]
fn a_tick_of_a_busy_cpu_pulls_work_over() {
    let mut machine = machine();
    let mut program = start();
    let there = machine.as_cpu(1, || [(); 3].map(|()| spawn(EnvId::NONE)));
    for vector in [KICK, TIMER] {
        program.trap(vector.into());
        let pulled = sched::pick(program.id.slot());
        let id = pulled.as_ref().map(|env| env.id());
        pulled.into_iter().for_each(sched::release);
        assert_eq!(id.is_some_and(|id| there.contains(&id)), vector == TIMER, "{vector:#x}: {id:?}");
    }
    registers::mine().timer.store(false, Ordering::Relaxed);
}

/// One that is started again and again never comes to its end.
#[test]
fn a_timer_that_ticks_is_not_started_anew() {
    let _machine = machine();
    let mine = registers::mine();
    cpu::this().ticking.store(false, Ordering::Relaxed);
    let before = mine.timer_starts.load(Ordering::Relaxed);
    (0..3).for_each(|_| irq::keep_ticking());
    assert_eq!(mine.timer_starts.load(Ordering::Relaxed) - before, 1);
    cpu::this().ticking.store(false, Ordering::Relaxed);
    mine.timer.store(false, Ordering::Relaxed);
}
