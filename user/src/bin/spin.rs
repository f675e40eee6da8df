//! Tests preemption: forks a child that spins for ever, lets it run for a while, kills it.

#![no_std]
#![no_main]

use core::hint;

use ulib::{Args, SELF, cprintf, fork, sys_env_destroy, sys_yield};

ulib::entry!(main);

fn main(_: Args) {
    cprintf!("I am the parent.  Forking the child...\n");
    let child = fork().unwrap();
    if child == SELF {
        cprintf!("I am the child.  Spinning...\n");
        loop {
            hint::spin_loop();
        }
    }

    cprintf!("I am the parent.  Running the child...\n");
    for _ in 0..8 {
        sys_yield();
    }

    cprintf!("I am the parent.  Killing the child...\n");
    sys_env_destroy(child).unwrap();
}
