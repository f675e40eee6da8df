//! Starting CPUs: which are waited for.

use super::machine::machine;
use crate::smp;
use crate::x86::ports;

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
