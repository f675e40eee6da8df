//! Calibrates whatever measures throughput: work whose limit on any number of CPUs is known.
//!
//! `calibrate:CPUS:OPS:LOCK:THINK:CRITICAL`: each operation is THINK turns of a loop, then CRITICAL turns of it under a
//! lock in memory that all workers share. LOCK is 0 for a lock of each worker's own, 1 for test-and-set, 2 for tickets.
//! With a lock of their own N workers do N times the work of one; with a common one they can't do more than one
//! operation in the time a critical section takes.

#![no_std]
#![no_main]

use core::hint::{black_box, spin_loop};
use core::sync::atomic::{AtomicU32, Ordering};

use ulib::{Args, Page, PteFlags, WRITE};
use user::bench;

ulib::entry!(main);

/// The locks, each word on a line of its own.
const COMMON: u32 = 0x3000_0000;
const OWN: u32 = 0x3000_1000;
const WORDS_IN_LINE: usize = 16;

struct Lock {
    tickets: bool,
    /// The flag, or the next ticket.
    first: &'static AtomicU32,
    /// The ticket whose turn it is.
    serving: &'static AtomicU32,
}

impl Lock {
    fn lock(&self) {
        if self.tickets {
            let ticket = self.first.fetch_add(1, Ordering::Relaxed);
            while self.serving.load(Ordering::Acquire) != ticket {
                spin_loop();
            }
        } else {
            while self.first.swap(1, Ordering::Acquire) != 0 {
                spin_loop();
            }
        }
    }

    fn unlock(&self) {
        if self.tickets {
            let ticket = self.serving.load(Ordering::Relaxed);
            self.serving.store(ticket.wrapping_add(1), Ordering::Release);
        } else {
            self.first.store(0, Ordering::Release);
        }
    }
}

fn main(args: Args) {
    let [kind, think, critical] = [(3, 0), (4, 400), (5, 40)].map(|(i, usual)| args.number(i, usual));
    let common = Page::at(COMMON);
    common.alloc(WRITE | PteFlags::SHARE).unwrap();
    let setup = || {
        let own = Page::at(OWN);
        own.alloc(WRITE).unwrap();
        let page = if kind == 0 { own } else { common };
        Lock { tickets: kind == 2, first: page.atomic(0), serving: page.atomic(WORDS_IN_LINE) }
    };
    bench::run("calibrate", args, setup, |lock| {
        work(think);
        lock.lock();
        work(critical);
        lock.unlock();
    });
}

fn work(turns: u32) {
    for turn in 0..turns {
        black_box(turn);
    }
}
