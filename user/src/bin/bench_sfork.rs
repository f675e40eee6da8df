//! Benchmark: `sfork`, and a child that counts in shared memory and ends.
//!
//! Less to copy than for `bench_fork`, otherwise the same.

#![no_std]
#![no_main]

use core::sync::atomic::{AtomicU32, Ordering};

use ulib::{Args, sfork};
use user::bench::{self, child_does};

ulib::entry!(main);

static COUNT: AtomicU32 = AtomicU32::new(0);

fn main(args: Args) {
    bench::run(
        "sfork",
        args,
        || (),
        |()| {
            let before = COUNT.load(Ordering::Relaxed);
            child_does(sfork, || {
                COUNT.fetch_add(1, Ordering::Relaxed);
            });
            assert!(COUNT.load(Ordering::Relaxed) == before + 1, "the child counted elsewhere");
        },
    );
}
