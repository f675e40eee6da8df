//! Benchmark: a number sent through the chain of envs of a prime sieve.
//!
//! `primes` in small: each worker has a sieve of its own for the first nine primes. On average a number comes past three
//! of them before one divides it.

#![no_std]
#![no_main]

use ulib::{Args, EnvId, SELF, exit, fork, ipc_recv, ipc_send};
use user::bench;

ulib::entry!(main);

const PRIMES: u32 = 9;
/// The ninth prime.
const LAST_PRIME: u32 = 23;

/// A worker's chain, and the number it sends next. The chain ends when this is dropped.
struct Sieve {
    first: EnvId,
    next: u32,
}

impl Sieve {
    /// A chain that has all its envs.
    fn new() -> Sieve {
        let mut sieve = Sieve { first: stage_after(0), next: 2 };
        while sieve.next <= LAST_PRIME {
            sieve.send_next();
        }
        sieve
    }

    fn send_next(&mut self) {
        ipc_send(self.first, self.next, None);
        self.next += 1;
    }
}

impl Drop for Sieve {
    fn drop(&mut self) {
        ipc_send(self.first, 0, None);
    }
}

fn main(args: Args) {
    bench::run("primes", args, Sieve::new, Sieve::send_next);
}

/// A new env that is the next stage of a chain with so many.
fn stage_after(stages: u32) -> EnvId {
    match fork().unwrap() {
        SELF => stage(stages + 1),
        id => id,
    }
}

/// Takes the first number for a prime, and passes on what it does not divide, to the end mark. The last stage has
/// nobody to pass it on to.
fn stage(number: u32) -> ! {
    let prime = receive();
    let mut right = None;
    loop {
        let i = receive();
        if !i.is_multiple_of(prime) && number < PRIMES {
            ipc_send(*right.get_or_insert_with(|| stage_after(number)), i, None);
        }
        if i == 0 {
            break;
        }
    }
    if let Some(right) = right {
        ipc_send(right, 0, None);
    }
    exit();
}

fn receive() -> u32 {
    ipc_recv(None).unwrap().value
}
