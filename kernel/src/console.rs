//! The console: messages to serial line and screen, bytes from serial line and keyboard.
//!
//! One lock, [`Rank::Console`], a leaf: taken once for a message, so lines of different CPUs never mix, and for the
//! input ring. [`emergency`] takes none: for panics and the lock checker's reports. Lines end with a line feed alone.
//! JOS: `kern/console.c`.

#![allow(unsafe_code, reason = "takes the console from a dead kernel, in `bust`")]

use core::fmt;
use core::sync::atomic::{AtomicU8, Ordering};

use sync::Rank;

use crate::cpu::SpinLock;
use crate::println;
use crate::x86::kbd::{self, Event, Keyboard};
use crate::x86::{cga, serial};

/// JOS's size of the input ring, in bytes. What does not fit is lost.
const RING: usize = 512;

static CONSOLE: SpinLock<Console> =
    SpinLock::new(Rank::Console, 0, Console { keyboard: Keyboard::AT_REST, ring: [0; RING], read: 0, unread: 0 });

/// Whose line has not ended yet, an [`Output`]; 0 if nobody's. For reports that come into the midst of a message.
static UNFINISHED: AtomicU8 = AtomicU8::new(0);

struct Console {
    keyboard: Keyboard,
    ring: [u8; RING],
    /// Index of the oldest byte.
    read: usize,
    unread: usize,
}

/// Sets the devices up. On the boot CPU, before anything is printed.
pub fn init() {
    cga::init();
    if !serial::init() {
        println!("Serial port does not exist!");
    }
    interrupt();
}

/// Prints one message. It comes out whole. The console lock is held while the arguments are formatted.
pub fn write_fmt(args: fmt::Arguments<'_>) {
    let _one_message = CONSOLE.lock();
    let _ = fmt::write(&mut Output::Message, args);
}

/// States that a message may be printed here, though perhaps not this time: a debug build checks whether it might.
#[track_caller]
pub fn might_print() {
    CONSOLE.might_lock();
}

/// Prints bytes as they are, as one message.
pub fn write_bytes(bytes: &[u8]) {
    let _one_message = CONSOLE.lock();
    Output::Message.write(bytes);
}

/// Prints without a lock, into whatever another CPU is printing, but on a line of its own. For panics and lock reports.
pub fn emergency(args: fmt::Arguments<'_>) {
    if UNFINISHED.load(Ordering::Relaxed) == Output::Message as u8 {
        Output::Report.write(b"\n");
    }
    let _ = fmt::write(&mut Output::Report, args);
}

/// The next input byte, or 0 if there is none. Asks the devices too, so input comes with interrupts off as well.
pub fn getc() -> u8 {
    let mut console = CONSOLE.lock();
    console.drain();
    console.pop()
}

/// Frees the lock from whoever holds it, for the monitor after a panic.
pub fn bust() {
    // SAFETY: called only by the CPU that panicked, when all others are halted for good and its own frames will never
    // be returned to: no guard is used again.
    unsafe { CONSOLE.bust() }
}

/// Moves what the devices have into the ring: the answer to their interrupts.
pub fn interrupt() {
    CONSOLE.lock().drain();
}

impl Console {
    fn drain(&mut self) {
        while let Some(byte) = serial::read() {
            self.push(byte);
        }
        loop {
            match self.keyboard.poll() {
                Event::Empty => break,
                Event::Silent => {}
                Event::Byte(byte) => self.push(byte),
                Event::Reboot => {
                    Output::Message.write(b"Rebooting!\n");
                    kbd::reboot();
                }
            }
        }
    }

    /// Adds a byte. NUL is how `getc` says that there is none, so it is no input.
    fn push(&mut self, byte: u8) {
        if byte != 0 && self.unread < RING {
            self.ring[(self.read + self.unread) % RING] = byte;
            self.unread += 1;
        }
    }

    fn pop(&mut self) -> u8 {
        if self.unread == 0 {
            return 0;
        }
        let byte = self.ring[self.read];
        self.read = (self.read + 1) % RING;
        self.unread -= 1;
        byte
    }
}

/// What goes to the devices.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Output {
    /// By whoever holds the lock.
    Message = 1,
    /// By whoever has an emergency.
    Report,
}

impl Output {
    fn write(self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        // Before the first byte is out: a report may come at any of them.
        UNFINISHED.store(self as u8, Ordering::Relaxed);
        serial::write(bytes);
        cga::write_bytes(bytes);
        if bytes.ends_with(b"\n") {
            UNFINISHED.store(0, Ordering::Relaxed);
        }
    }
}

impl fmt::Write for Output {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.write(text.as_bytes());
        Ok(())
    }
}
