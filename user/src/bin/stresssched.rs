//! Tests that no env runs on two CPUs at once, and that envs run on all CPUs.

#![no_std]
#![no_main]

use core::hint;
use core::sync::atomic::{AtomicU32, Ordering};

use ulib::{Args, SELF, alive, cprintf, fork, sys_getenvid, sys_yield, thisenv};

ulib::entry!(main);

/// Private to each env, whatever its type says: it is copied by `fork`.
static COUNTER: AtomicU32 = AtomicU32::new(0);

fn main(_: Args) {
    let parent = sys_getenvid();
    let is_child = (0..20).any(|_| fork().unwrap() == SELF);
    if !is_child {
        sys_yield();
        return;
    }

    // Wait for the parent to finish forking.
    while alive(parent) {
        hint::spin_loop();
    }

    for _ in 0..10 {
        sys_yield();
        for _ in 0..10_000 {
            // Not `fetch_add`: an update must get lost if this runs twice at the same time.
            let counter = COUNTER.load(Ordering::Relaxed);
            COUNTER.store(counter + 1, Ordering::Relaxed);
        }
    }

    let counter = COUNTER.load(Ordering::Relaxed);
    assert!(counter == 10 * 10_000, "ran on two CPUs at once (counter is {counter})");

    // Several of these lines should name different CPUs.
    let cpu = thisenv().cpunum.load(Ordering::Relaxed);
    cprintf!("[{}] stresssched on CPU {cpu}\n", sys_getenvid());
}
