//! Leaving QEMU with an exit status.

use super::instr::{halt_forever, outb};
use super::serial;

/// `-device isa-debug-exit,iobase=0x501,iosize=0x04`. Nothing is there on other machines.
const DEBUG_EXIT: u16 = 0x501;

/// Nothing can run any more, and the books are right. What the host tool makes of these is in `scripts/host`.
pub const ENDED: u8 = 0x10;
/// The kernel panicked.
pub const PANIC: u8 = 0x11;
/// As [`ENDED`], but the lock checker had something to report.
pub const LOCK_REPORT: u8 = 0x12;
/// Frames or env slots are missing.
pub const LEAK: u8 = 0x13;

/// Ends QEMU with status `value * 2 + 1`, after the last output has left; without the device, halts.
pub fn exit(value: u8) -> ! {
    serial::flush();
    outb(DEBUG_EXIT, value);
    halt_forever()
}
