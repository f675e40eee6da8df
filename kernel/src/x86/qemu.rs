//! Leaving QEMU with an exit status.

use super::instr::{halt_forever, outb};
use super::serial;

/// `-device isa-debug-exit,iobase=0x501,iosize=0x04`. Nothing is there on other machines.
const DEBUG_EXIT: u16 = 0x501;

/// How the kernel came to its end, as it tells QEMU. What the host tool makes of each is in `scripts/host/src/outcome.rs`,
/// and a test there compares the two lists.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Ending {
    /// Nothing can run any more, and the books are right.
    Good = 0x10,
    /// The kernel panicked.
    Panic = 0x11,
    /// As [`Ending::Good`], but the lock checker had something to report.
    LockReport = 0x12,
    /// Frames or env slots are missing.
    Leak = 0x13,
    /// A CPU waited too long for a lock or for another CPU's answer.
    Stuck = 0x14,
    /// An audit found that the kernel's books do not agree.
    Audit = 0x15,
    /// A CPU went on for ever in the kernel.
    LiveLock = 0x16,
    /// There was work, and nobody was woken for it.
    LostWakeUp = 0x17,
}

/// Ends QEMU with twice the value of `ending` plus 1 as its status, after the last output has left; without the device, halts.
pub fn exit(ending: Ending) -> ! {
    serial::flush();
    outb(DEBUG_EXIT, ending as u8);
    halt_forever()
}
