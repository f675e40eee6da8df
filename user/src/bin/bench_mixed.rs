//! Benchmark: a mixture of the others, in an order that depends on the worker only.
//!
//! Per hundred: 40 null calls, 25 pages, 15 mappings, 15 round trips, 5 forks.

#![no_std]
#![no_main]

use ulib::{Args, Page, PteFlags, WRITE, fork, sys_getenvid, sys_page_unmap};
use user::bench::{self, Child, child_does};
use user::rng::Rng;

ulib::entry!(main);

struct Worker {
    rng: Rng,
    partner: Child,
    space: Child,
}

fn main(args: Args) {
    let page = Page::at(0x2000_0000);
    let setup = || {
        // Shared, or a fork would leave it copy-on-write, and not to be mapped writable elsewhere.
        page.alloc(WRITE | PteFlags::SHARE).unwrap();
        Worker { rng: Rng::new(sys_getenvid().0), partner: Child::echo(), space: Child::idle() }
    };
    bench::run("mixed", args, setup, |worker| match worker.rng.below(100) {
        0..40 => {
            sys_getenvid();
        }
        40..65 => {
            let other = page.plus(1);
            other.alloc(WRITE).unwrap();
            other.unmap().unwrap();
        }
        65..80 => {
            page.map(worker.space.id(), page, WRITE).unwrap();
            sys_page_unmap(worker.space.id(), page.va()).unwrap();
        }
        80..95 => worker.partner.round_trip(),
        _ => child_does(fork, || ()),
    });
}
