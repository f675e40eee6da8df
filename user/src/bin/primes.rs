//! A concurrent prime sieve after Doug McIlroy and Rob Pike: one environment a prime.

#![no_std]
#![no_main]

use core::sync::atomic::Ordering;

use ulib::{Args, EnvId, SELF, cprintf, fork, ipc_recv, ipc_send, thisenv};

ulib::entry!(main);

fn main(_: Args) {
    let first = fork_or_panic();
    if first == SELF {
        sieve();
    }
    // Feed all the integers through.
    for i in 2.. {
        ipc_send(first, i, None);
    }
}

fn sieve() -> ! {
    loop {
        // The first number from the left is the prime.
        let p = receive();
        // No newline: the kernel's "new env" text completes the line.
        cprintf!("CPU {}: {p} ", thisenv().cpunum.load(Ordering::Relaxed));

        // A right neighbour continues the chain.
        let right = fork_or_panic();
        if right == SELF {
            continue;
        }
        // Filter out the multiples of this prime.
        loop {
            let i = receive();
            if !i.is_multiple_of(p) {
                ipc_send(right, i, None);
            }
        }
    }
}

fn receive() -> u32 {
    ipc_recv(None).unwrap().value
}

fn fork_or_panic() -> EnvId {
    match fork() {
        Ok(id) => id,
        Err(error) => panic!("fork: {error}"),
    }
}
