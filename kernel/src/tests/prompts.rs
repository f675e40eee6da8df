//! The monitor beside other CPUs. With the big lock there is nobody beside it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use abi::Syscall;

use super::machine::{in_kernel, machine, until};
use super::program::start;
use crate::monitor;
use crate::x86::{ports, registers};

#[test]
fn race_37_what_is_typed_for_the_monitor_is_not_for_programs() {
    let mut machine = machine();
    let taken = Mutex::new(Vec::new());
    machine.beside(
        || in_kernel(monitor::enter),
        || {
            let mut program = in_kernel(start);
            until(|| monitor::is_busy().then_some(()));
            for _ in 0..300 {
                // Both are at once after it.
                ports::type_on_line(b"x");
                let byte = in_kernel(|| program.call(Syscall::Cgetc, &[]));
                taken.lock().unwrap().extend(byte.into_iter().filter(|&byte| byte != 0));
            }
            in_kernel(|| drop(program));
            ports::type_on_line(b"\ncontinue\n");
        },
    );
    assert_eq!(taken.into_inner().unwrap(), [0; 0]);
}

/// Whoever waits looks again at each interrupt.
#[test]
fn race_37_one_cpu_at_a_time_is_in_the_monitor() {
    let mut machine = machine();
    let (met, left) = (AtomicUsize::new(0), AtomicUsize::new(0));
    machine.parallel(3, |cpu| {
        if cpu < 3 {
            // The second one comes when the first one is in.
            until(|| (cpu == 1 || monitor::is_busy()).then_some(()));
            in_kernel(monitor::enter);
            left.fetch_add(1, Ordering::SeqCst);
            return;
        }
        let mut shown = String::new();
        let mut banners = || {
            [1, 2].into_iter().for_each(|cpu| registers::of(cpu).pending.store(true, Ordering::SeqCst));
            shown.push_str(&ports::take_output());
            shown.matches("Welcome").count()
        };
        until(|| (banners() > 0).then_some(()));
        for _ in 0..200 {
            thread::sleep(Duration::from_millis(1));
            met.fetch_max(banners(), Ordering::SeqCst);
        }
        while left.load(Ordering::SeqCst) < 2 {
            ports::type_on_line(b"\ncontinue\n");
            let before = left.load(Ordering::SeqCst);
            until(|| (left.load(Ordering::SeqCst) > before || banners() == 0).then_some(()));
        }
    });
    assert_eq!(met.into_inner(), 1, "the second one waits");
}
