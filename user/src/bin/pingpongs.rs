//! Ping-pong with the counter in shared memory; the messages carry nothing.

#![no_std]
#![no_main]

use core::sync::atomic::{AtomicU32, Ordering};

use ulib::{Args, SELF, address, cprintf, ipc_recv, ipc_send, sfork, sys_getenvid, thisenv};

ulib::entry!(main);

static VAL: AtomicU32 = AtomicU32::new(0);

fn main(_: Args) {
    let child = sfork().unwrap();
    if child != SELF {
        let me = sys_getenvid();
        cprintf!("i am {me}; thisenv is {:#x}\n", address(thisenv()));
        // Get the ball rolling.
        cprintf!("send 0 from {:x} to {:x}\n", me.0, child.0);
        ipc_send(child, 0, None);
    }

    loop {
        let who = ipc_recv(None).unwrap().from;
        let val = VAL.load(Ordering::Relaxed);
        let this = thisenv();
        cprintf!(
            "{:x} got {val} from {:x} (thisenv is {:#x} {:x})\n",
            sys_getenvid().0,
            who.0,
            address(this),
            this.id.load(Ordering::Relaxed)
        );
        if val == 10 {
            return;
        }
        // Only one of the two has the ball, so nobody else counts now.
        VAL.store(val + 1, Ordering::Relaxed);
        ipc_send(who, 0, None);
        if val + 1 == 10 {
            return;
        }
    }
}
