//! Tests that IPC is fair. Run it three times at once: slot 1 receives, the others send for ever.

#![no_std]
#![no_main]

use core::sync::atomic::Ordering;

use ulib::{Args, EnvId, cprintf, envs, ipc_recv, ipc_send, sys_getenvid};

ulib::entry!(main);

fn main(_: Args) {
    let id = sys_getenvid();
    if id.slot() == 1 {
        loop {
            let who = ipc_recv(None).unwrap().from;
            cprintf!("{:x} recv from {:x}\n", id.0, who.0);
        }
    }
    let to = EnvId(envs()[1].id.load(Ordering::Relaxed));
    cprintf!("{:x} loop sending to {:x}\n", id.0, to.0);
    loop {
        ipc_send(to, 0, None);
    }
}
