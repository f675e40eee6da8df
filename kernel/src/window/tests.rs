//! Rules are read, held to and counted; delays follow from their seed.

use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::env::table;
use crate::tests::machine::machine;
use crate::x86::{instr, ports};

/// Arms rules for one test.
pub(crate) struct Armed;

impl Armed {
    pub(crate) fn new(rules: &[&str]) -> Armed {
        rules.iter().for_each(|rule| assert_eq!(arm(rule), Ok(()), "{rule}"));
        Armed
    }
}

impl Drop for Armed {
    fn drop(&mut self) {
        disarm();
    }
}

/// What is said about the rules in force.
fn said() -> String {
    ports::take_output();
    report();
    ports::take_output()
}

#[test]
fn rules_are_read_as_they_are_written() {
    let _machine = machine();
    let rules = ["looked-up@0:wait-env-vm@1/forgotten+2", "embryo:halting#1*3", "free-run-queue@none>got-console"];
    let _armed = Armed::new(&rules);
    let said = said();
    for (rule, line) in rules.iter().zip(said.lines()) {
        assert_eq!(line, format!("WINDOW {rule} reached=0 met=0 early=0 timeout=0"));
    }
}

#[test]
fn what_is_no_rule_is_refused() {
    let wrong = ["", ":", "embryo", "embryo:", ":embryo", "embryo:nowhere", "embryo@x:sent", "embryo:sent*x"];
    for rule in wrong.into_iter().chain(["got-:sent", "got-env:sent", "sent:sent/sent/sent/sent/sent", "sent+-1:sent"])
    {
        assert!(arm(rule).is_err(), "{rule}");
    }
}

/// CPU 1 passes A and then takes what CPU 2 left behind just before it passed B.
#[test]
fn a_cpu_waits_until_another_has_passed() {
    let mut machine = machine();
    let _armed = Armed::new(&["embryo#1:sent#2+1*2"]);
    let left = AtomicU32::new(0);
    machine.parallel(2, |cpu| {
        if cpu == 2 {
            at(Point::Sent);
            // Reached means that CPU 1 is about to wait, or waits.
            while !said().contains("reached=1") {
                instr::pause();
            }
            left.store(1, Ordering::SeqCst);
            at(Point::Sent);
            left.store(2, Ordering::SeqCst);
            at(Point::Sent);
        } else {
            at(Point::Embryo);
            assert!(left.load(Ordering::SeqCst) >= 1);
            at(Point::Embryo);
            assert_eq!(left.load(Ordering::SeqCst), 2);
            // The rule is for two times.
            at(Point::Embryo);
        }
    });
    let said = said();
    assert!(said.contains("reached=3 met=") && said.contains("timeout=0"), "{said}");
}

#[test]
fn who_comes_late_does_not_wait() {
    let _machine = machine();
    let _armed = Armed::new(&["embryo:sent/freed"]);
    at(Point::Freed);
    at(Point::Embryo);
    assert_eq!(said(), "WINDOW embryo:sent/freed reached=1 met=0 early=1 timeout=0\n");
}

#[test]
fn each_step_of_a_lock_is_told() {
    let _machine = machine();
    let _armed = Armed::new(
        &["want", "got", "free", "freed"].map(|step| format!("{step}-env-ipc:sent")).each_ref().map(String::as_str),
    );
    at(Point::Sent);
    drop(table::env(3).mailbox.lock());
    let said = said();
    assert_eq!(said.matches("-env-ipc:sent reached=1 met=0 early=1 ").count(), 4, "{said}");
}

/// CPU 1 passes B before and after; only what comes after counts.
#[test]
fn a_fresh_rule_waits_for_what_comes_later() {
    let mut machine = machine();
    let _armed = Armed::new(&["embryo#1>sent"]);
    at(Point::Sent);
    machine.parallel(2, |cpu| {
        if cpu == 1 {
            return at(Point::Embryo);
        }
        while !said().contains("reached=1") {
            instr::pause();
        }
        // The wait may begin a moment later than it is counted.
        while !said().contains("met=1") {
            at(Point::Sent);
        }
    });
    assert!(said().contains("by=sent:1 early=0 timeout=0"));
}

#[test]
fn marked_rules_hold_when_a_program_says_so() {
    let _machine = machine();
    let _armed = Armed::new(&["%embryo:sent"]);
    at(Point::Embryo);
    mark(1);
    at(Point::Embryo);
    assert_eq!(said(), "WINDOW %embryo:sent reached=0 met=0 early=0 timeout=0\n");
    mark(OPEN);
    at(Point::Sent);
    at(Point::Embryo);
    mark(SHUT);
    at(Point::Embryo);
    assert_eq!(said(), "WINDOW %embryo:sent reached=1 met=0 early=1 timeout=0\n");
}

#[test]
fn steps_with_locks_are_points() {
    let _machine = machine();
    let _armed = Armed::new(&["embryo:got-console", "freed:wait-console"]);
    console::getc();
    at(Point::Embryo);
    assert!(said().starts_with("WINDOW embryo:got-console reached=1 met=0 early=1"));
}

#[test]
fn delays_follow_from_the_seed() {
    let sequence = |seed, cpu| (0..4_000).map(|nth| delay::turns(seed, cpu, nth, nth % 7)).collect::<Vec<_>>();
    assert_eq!(sequence(1, 0), sequence(1, 0));
    assert_ne!(sequence(1, 0), sequence(2, 0));
    assert_ne!(sequence(1, 0), sequence(1, 1));
    let delays = sequence(1, 0).into_iter().filter(|&turns| turns > 0).count();
    assert!((300..700).contains(&delays), "{delays} of 4000");
}
