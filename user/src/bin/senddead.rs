//! Sends to an env that is dead, which can't be waited for: a panic.

#![no_std]
#![no_main]

use ulib::{Args, cprintf, ipc_send, wait};
use user::hostile::child;

ulib::entry!(main);

fn main(_: Args) {
    let dead = child(|| ());
    wait(dead);
    cprintf!("sending to the dead\n");
    ipc_send(dead, 1, None);
    cprintf!("it has arrived\n");
}
