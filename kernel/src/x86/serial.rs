//! The first serial port, polled for output.
//!
//! A 16550A takes sixteen bytes at a time once its queue is empty; an older chip takes one. National Semiconductor
//! PC16550D data sheet; JOS: `kern/console.c`. Only `console` calls this.

use core::sync::atomic::{AtomicU32, Ordering};

use super::instr::{inb, outb, pause};

const COM1: u16 = 0x3f8;
const DATA: u16 = COM1;
const INTERRUPT_ENABLE: u16 = COM1 + 1;
/// Read: what interrupted. Write: how the queues work.
const FIFO_CONTROL: u16 = COM1 + 2;
const LINE_CONTROL: u16 = COM1 + 3;
const MODEM_CONTROL: u16 = COM1 + 4;
const LINE_STATUS: u16 = COM1 + 5;

const DIVISOR_LATCH: u8 = 0x80;
const EIGHT_BITS: u8 = 0x03;
/// Queues on and emptied, an interrupt for every byte.
const FIFO_ON: u8 = 0x07;
/// Both bits set when the queues are there and work.
const FIFO_WORKS: u8 = 0xc0;
/// Data terminal ready, request to send, and the gate between the chip and the interrupt line.
const READY_AND_OUT2: u8 = 0x0b;
const RECEIVE_INTERRUPT: u8 = 0x01;
const STATUS_RECEIVED: u8 = 0x01;
const STATUS_EMPTY: u8 = 0x20;

/// 115,200 / 9,600: JOS's speed.
const DIVISOR: u8 = 12;
/// How often to look whether the chip takes more. Long enough for a reader that is slow, not for one that is gone.
const LOOKS: u32 = 2_000_000;

/// How many bytes the port takes at a time; 0 when there is no port.
static BATCH: AtomicU32 = AtomicU32::new(0);

/// Sets the port up: 9600 baud, 8 bits, no parity, an interrupt when a byte comes. Says whether there is one.
pub fn init() -> bool {
    outb(FIFO_CONTROL, FIFO_ON);
    outb(LINE_CONTROL, DIVISOR_LATCH);
    outb(DATA, DIVISOR);
    outb(INTERRUPT_ENABLE, 0);
    outb(LINE_CONTROL, EIGHT_BITS);
    outb(MODEM_CONTROL, READY_AND_OUT2);
    outb(INTERRUPT_ENABLE, RECEIVE_INTERRUPT);

    // A port that is not there reads as all ones.
    let there = inb(LINE_STATUS) != 0xff;
    let fifo = inb(FIFO_CONTROL) & FIFO_WORKS == FIFO_WORKS;
    let batch = match (there, fifo) {
        (false, _) => 0,
        (true, false) => 1,
        (true, true) => 16,
    };
    BATCH.store(batch, Ordering::Relaxed);
    there
}

/// Sends bytes, as they are. Returns when the last one is in the port's queue; drops them if nothing moves.
pub fn write(bytes: &[u8]) {
    let batch = BATCH.load(Ordering::Relaxed) as usize;
    if batch == 0 {
        return;
    }
    for chunk in bytes.chunks(batch) {
        wait_until_empty();
        for &byte in chunk {
            outb(DATA, byte);
        }
    }
}

/// Returns when everything written has left the queue, before the machine is switched off.
pub fn flush() {
    wait_until_empty();
}

/// The next byte received, if there is one.
pub fn read() -> Option<u8> {
    let there = BATCH.load(Ordering::Relaxed) != 0;
    (there && inb(LINE_STATUS) & STATUS_RECEIVED != 0).then(|| inb(DATA))
}

fn wait_until_empty() {
    for _ in 0..LOOKS {
        if inb(LINE_STATUS) & STATUS_EMPTY != 0 {
            return;
        }
        pause();
    }
}
