//! Ping-pong: a counter goes to and fro between two processes.

#![no_std]
#![no_main]

use ulib::{Args, SELF, cprintf, fork, ipc_recv, ipc_send, sys_getenvid};

ulib::entry!(main);

fn main(_: Args) {
    let child = fork().unwrap();
    if child != SELF {
        // Get the ball rolling.
        cprintf!("send 0 from {:x} to {:x}\n", sys_getenvid().0, child.0);
        ipc_send(child, 0, None);
    }

    loop {
        let message = ipc_recv(None).unwrap();
        let (i, who) = (message.value, message.from);
        cprintf!("{:x} got {i} from {:x}\n", sys_getenvid().0, who.0);
        if i == 10 {
            return;
        }
        ipc_send(who, i + 1, None);
        if i + 1 == 10 {
            return;
        }
    }
}
