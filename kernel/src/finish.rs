//! When nothing can ever run again: JOS's message, and the books.
//!
//! Every frame and every env slot that was free when the first env was made must be free again. For the one CPU that
//! found out ([`crate::idle`]); all others are idle.

use core::sync::atomic::{AtomicUsize, Ordering};

use abi::{EnvId, NENV};
use sync::order;

use crate::cpu::This;
use crate::env::life::Tenancy;
use crate::env::{exit, table};
use crate::mm::frame;
use crate::x86::qemu::{self, Ending};
use crate::{audit, boot, debug_options, inject, monitor, println, window};

static FREE_AT_BOOT: AtomicUsize = AtomicUsize::new(0);

/// Notes how many frames are free. Call before the first env is made.
pub fn open_the_books() {
    FREE_AT_BOOT.store(frame::available(), Ordering::Relaxed);
}

/// Says that nothing is runnable. Then the monitor, or the end of the machine.
pub fn nothing_runnable() {
    if table::available() == NENV {
        println!("Destroyed the only environment - nothing more to do!");
    }
    println!("No runnable environments in the system!");
    window::report();
    if !boot::options().poweroff {
        return monitor::enter();
    }
    inject::report();
    debug_options::report();
    qemu::exit(close_the_books())
}

/// Ends what is left, and says with what the kernel has to end.
pub(crate) fn close_the_books() -> Ending {
    // Once with the envs that are left as they are, and again without them.
    let mut books_agree = audit::before_end();
    let blocked = destroy_the_rest();
    if blocked > 0 {
        println!("{blocked} envs are blocked for ever");
    }
    books_agree &= audit::at_end();
    if !books_agree {
        Ending::Audit
    } else if !books() {
        Ending::Leak
    } else if order::reports::<This>() > 0 {
        Ending::LockReport
    } else {
        Ending::Good
    }
}

/// Compares what is free with what was; prints the result.
pub fn books() -> bool {
    let (frames, slots) = (frame::available(), table::available());
    let expected = FREE_AT_BOOT.load(Ordering::Relaxed);
    let good = (frames, slots) == (expected, NENV);
    if good {
        println!("audit: ok, {frames} frames and {slots} env slots free");
    } else {
        println!("audit: LEAK: {frames} of {expected} frames and {slots} of {NENV} env slots free");
    }
    good
}

/// Destroys the envs that can never run, so that the books can be closed; says how many.
fn destroy_the_rest() -> usize {
    let mut count = 0;
    for slot in 0..NENV {
        let life = table::env(slot).life.lock();
        if life.tenancy == Tenancy::Live {
            exit::destroy(life, EnvId::NONE);
            count += 1;
        }
    }
    count
}
