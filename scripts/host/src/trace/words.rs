//! What things in a trace are called.

use abi::Syscall;
use sync::event::Lock;

use super::timeline::{UNKNOWN, What};

/// An interval's name.
pub(super) fn name(what: What) -> String {
    match what {
        What::User(UNKNOWN) => "user".to_owned(),
        What::User(slot) => format!("user: env {slot}"),
        What::Kernel(_, Some(call)) => {
            format!("kernel: {}", Syscall::try_from(u32::from(call)).map_or("no such call", Syscall::name))
        }
        What::Kernel(Some(vector), None) => format!("kernel: {}", trap(vector)),
        What::Kernel(None, None) => "kernel".to_owned(),
        What::Idle => "idle".to_owned(),
        What::Waits(lock) => format!("waits for {}", lock_name(lock)),
        What::Holds(lock) => format!("holds {}", lock_name(lock)),
    }
}

/// A lock's name: its class, and which one if there are several.
pub(super) fn lock_name(lock: Lock) -> String {
    if lock == Lock::big() { lock.name().to_owned() } else { format!("{} {}", lock.name(), lock.key()) }
}

/// The kind of an interval, for filters and colours.
pub(super) fn category(what: What) -> &'static str {
    match what {
        What::User(_) => "user",
        What::Kernel(..) => "kernel",
        What::Idle => "idle",
        What::Waits(_) => "wait",
        What::Holds(_) => "hold",
    }
}

fn trap(vector: u8) -> String {
    match vector {
        14 => "page fault".to_owned(),
        32 => "timer".to_owned(),
        240 => "interrupt from another CPU".to_owned(),
        other => format!("trap {other}"),
    }
}
