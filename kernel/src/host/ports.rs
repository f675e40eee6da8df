//! The devices behind ports: a serial line, the screen's controller, a keyboard, and the switch that ends QEMU.
//!
//! Tests read what the kernel sent down the line ([`take_output`]) and type ([`type_on_line`], [`press`]).

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

const SERIAL_DATA: u16 = 0x3f8;
const SERIAL_FIFO: u16 = 0x3fa;
const SERIAL_LINE: u16 = 0x3fb;
const SERIAL_STATUS: u16 = 0x3fd;
const KEYBOARD_DATA: u16 = 0x60;
const KEYBOARD_STATUS: u16 = 0x64;
const SCREEN_INDEX: u16 = 0x3d4;
const SCREEN_DATA: u16 = 0x3d5;
const EXIT: u16 = 0x501;

/// The FIFOs work.
const FIFO_ON: u8 = 0xc0;
/// Data is the speed.
const DIVISOR_LATCH: u8 = 0x80;
/// The line is ready to send.
const READY: u8 = 0x20;
/// Something has been received.
const RECEIVED: u8 = 0x01;

/// Which chip is on the serial line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Chip {
    /// One with queues of sixteen bytes.
    #[default]
    Queues,
    /// One that holds a byte.
    Single,
    /// None: what is read is all ones.
    Absent,
}

impl Chip {
    fn holds(self) -> usize {
        match self {
            Chip::Queues => 16,
            Chip::Single => 1,
            Chip::Absent => 0,
        }
    }
}

#[derive(Default)]
struct Devices {
    chip: Chip,
    /// How the line is set up, and how fast it is.
    line: u8,
    divisor: u8,
    /// How many bytes the chip still holds. More than it can are lost.
    held: usize,
    /// Whether it was asked, and had something left.
    asked: bool,
    /// What the line has sent.
    sent: Vec<u8>,
    received: VecDeque<u8>,
    scan_codes: VecDeque<u8>,
    /// The registers of the screen's controller, and which of them is meant.
    screen: [u8; 32],
    screen_index: u8,
    exit: Option<u8>,
}

static DEVICES: Mutex<Option<Devices>> = Mutex::new(None);

/// What the kernel sent down the serial line since the last call.
pub fn take_output() -> String {
    with(|devices| String::from_utf8_lossy(&core::mem::take(&mut devices.sent)).into_owned())
}

/// Puts another chip on the serial line. The kernel has to be told.
pub fn set_chip(chip: Chip) {
    with(|devices| (devices.chip, devices.held) = (chip, 0));
}

/// How the serial line is set up, and by what its speed is divided.
pub fn line() -> (u8, u8) {
    with(|devices| (devices.line, devices.divisor))
}

/// What the kernel wrote to the switch that ends QEMU, since the last call.
pub fn take_exit() -> Option<u8> {
    with(|devices| devices.exit.take())
}

/// A pair of registers of the screen's controller: 0x0c for the first cell shown, 0x0e for the cursor's.
pub fn screen_register(first: usize) -> usize {
    with(|devices| usize::from(u16::from_be_bytes([devices.screen[first], devices.screen[first + 1]])))
}

/// Sends bytes to the kernel.
pub fn type_on_line(bytes: &[u8]) {
    with(|devices| devices.received.extend(bytes));
}

/// Sends scan codes from the keyboard.
pub fn press(scan_codes: &[u8]) {
    with(|devices| devices.scan_codes.extend(scan_codes));
}

/// How many bytes and scan codes the kernel has not taken yet.
pub fn waiting() -> usize {
    with(|devices| devices.received.len() + devices.scan_codes.len())
}

/// What the device at `port` has to say.
pub(super) fn read(port: u16) -> u8 {
    with(|devices| match port {
        SERIAL_DATA..=SERIAL_STATUS if devices.chip == Chip::Absent => 0xff,
        SERIAL_DATA => devices.received.pop_front().unwrap_or(0),
        SERIAL_FIFO => {
            if devices.chip == Chip::Queues {
                FIFO_ON
            } else {
                0
            }
        }
        SERIAL_STATUS => devices.status(),
        KEYBOARD_DATA => devices.scan_codes.pop_front().unwrap_or(0),
        SCREEN_DATA => devices.screen[usize::from(devices.screen_index)],
        KEYBOARD_STATUS => u8::from(!devices.scan_codes.is_empty()),
        _ => 0,
    })
}

/// Tells the device at `port`.
pub(super) fn write(port: u16, value: u8) {
    with(|devices| match port {
        SERIAL_DATA if devices.line & DIVISOR_LATCH != 0 => devices.divisor = value,
        SERIAL_DATA => devices.send(value),
        SERIAL_LINE => devices.line = value,
        SCREEN_INDEX => devices.screen_index = value % 32,
        SCREEN_DATA => devices.screen[usize::from(devices.screen_index)] = value,
        EXIT => devices.exit = Some(value),
        _ => {}
    });
}

impl Devices {
    /// What the chip holds is gone when somebody asks: at once with queues, for asking again is dear on a busy host; else
    /// when it is asked again.
    fn status(&mut self) -> u8 {
        let is_empty = self.held == 0 || self.chip == Chip::Queues || self.asked;
        self.asked = !is_empty;
        self.held = if is_empty { 0 } else { self.held };
        (if is_empty { READY } else { 0 }) | if self.received.is_empty() { 0 } else { RECEIVED }
    }

    fn send(&mut self, value: u8) {
        if self.held < self.chip.holds() {
            self.held += 1;
            self.sent.push(value);
        }
    }
}

fn with<R>(act: impl FnOnce(&mut Devices) -> R) -> R {
    // A test that panicked elsewhere has not left anything half done here.
    let mut devices: MutexGuard<'_, _> = DEVICES.lock().unwrap_or_else(PoisonError::into_inner);
    act(devices.get_or_insert_default())
}
