//! Sends to an env that is dead, which can't be waited for: a panic.

#![no_std]
#![no_main]

use ulib::{Args, cprintf, ipc_send, sys_env_destroy, sys_yield, wait};
use user::hostile::child;

ulib::entry!(main);

/// More than it takes to be refused.
const TURNS: u32 = 1000;

fn main(_: Args) {
    let dead = child(|| ());
    wait(dead);
    cprintf!("sending to the dead\n");
    let sender = child(|| {
        ipc_send(dead, 1, None);
        cprintf!("it has arrived\n");
    });
    (0..TURNS).for_each(|_| sys_yield());
    cprintf!("it tries for ever\n");
    sys_env_destroy(sender).unwrap();
}
