//! Stopping all CPUs for an audit: each stops at a gate, and goes on.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::machine::{in_kernel, machine, until};
use crate::{audit, smp};

#[test]
fn every_cpu_stops_for_an_audit_and_goes_on() {
    static COUNTERS: [AtomicU32; 4] = [const { AtomicU32::new(0) }; 4];
    static DONE: AtomicBool = AtomicBool::new(false);
    let mut machine = machine();
    (1..4).for_each(smp::online);
    // Its thread waits for the others, and comes to no gate.
    smp::offline(0);
    let look = || COUNTERS.each_ref().map(|counter| counter.load(Ordering::Relaxed));
    machine.parallel(3, |cpu| {
        if cpu == 3 {
            // What they do between two gates is never half done when all are stopped.
            for _ in 0..300 {
                in_kernel(|| {
                    until(|| {
                        audit::gate();
                        let looked = audit::with_others_stopped(|| {
                            let before = look();
                            std::thread::yield_now();
                            assert_eq!(look(), before);
                            assert!(before.iter().all(|count| count.is_multiple_of(2)), "{before:?}");
                            0
                        });
                        looked.inspect(|&faults| assert_eq!(faults, 0, "a CPU did not stop"))
                    })
                });
            }
            DONE.store(true, Ordering::Relaxed);
            return;
        }
        let count = || COUNTERS[cpu].fetch_add(1, Ordering::Relaxed);
        while !DONE.load(Ordering::Relaxed) {
            in_kernel(|| {
                count();
                std::thread::yield_now();
                count();
                audit::gate();
            });
            audit::halt(std::thread::yield_now);
        }
    });
    (1..4).for_each(smp::offline);
    smp::online(0);
    assert!(look()[1] > 0 && look()[2] > 0);
}
