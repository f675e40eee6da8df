//! Starting CPUs, and stopping them: which are waited for, and which are told.

use std::sync::atomic::Ordering;

use super::machine::{CPUS, machine};
use crate::x86::{ports, registers};
use crate::{smp, watchdog};

#[test]
fn race_42_every_cpu_is_waited_for_and_named() {
    let _machine = machine();
    let count = smp::count();
    (1..count).for_each(smp::online);
    assert!(smp::wait_until_online(0));
    for late in 1..count {
        smp::offline(late);
        assert!(!smp::wait_until_online(0), "CPU {late} has not started");
        smp::report_missing();
        assert_eq!(ports::take_output(), format!("SMP: CPU {late} (APIC id {}) did not start\n", smp::apic_id(late)));
        std::thread::scope(|threads| {
            threads.spawn(|| smp::online(late));
            assert!(smp::wait_until_online(60_000));
        });
    }
    (1..count).for_each(smp::offline);
}

#[test]
fn who_stops_the_others_reaches_each_that_has_started_and_no_other() {
    let mut machine = machine();
    let started = [1, 2, CPUS - 1];
    started.into_iter().for_each(smp::online);
    let told = || (0..CPUS).map(|cpu| registers::of(cpu).nmis.swap(0, Ordering::SeqCst)).collect::<Vec<_>>();
    told();
    machine.as_cpu(2, smp::nmi_to_others);
    // Before anything can fail: the next test's audit waits for every CPU that has started.
    started.into_iter().for_each(smp::offline);
    let expected: Vec<_> = (0..CPUS).map(|cpu| u32::from([0, 1, CPUS - 1].contains(&cpu))).collect();
    assert_eq!(told(), expected);
}

#[test]
fn the_watch_dog_waits_for_every_cpu_that_has_started_and_no_other() {
    let _machine = machine();
    smp::online(1);
    let epoch = watchdog::next_epoch();
    // CPU 1 may be about to wake somebody; the others will never move.
    let moved = [0, 1].map(|cpu| {
        watchdog::moves_on(cpu);
        watchdog::all_moved_since(epoch)
    });
    smp::offline(1);
    assert_eq!(moved, [false, true]);
}
