//! The devices behind ports: a serial line, the screen's controller, a keyboard, and the switch that ends QEMU.
//!
//! Tests read what the kernel sent down the line ([`take_output`]) and type ([`type_on_line`], [`press`]).

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

const SERIAL_DATA: u16 = 0x3f8;
const SERIAL_FIFO: u16 = 0x3fa;
const SERIAL_STATUS: u16 = 0x3fd;
const KEYBOARD_DATA: u16 = 0x60;
const KEYBOARD_STATUS: u16 = 0x64;
const SCREEN_INDEX: u16 = 0x3d4;
const SCREEN_DATA: u16 = 0x3d5;
const EXIT: u16 = 0x501;

/// The FIFOs work.
const FIFO_ON: u8 = 0xc0;
/// The line is ready to send.
const READY: u8 = 0x20;
/// Something has been received.
const RECEIVED: u8 = 0x01;

#[derive(Default)]
struct Devices {
    /// What the line has sent. Bytes sent while it is being set up are a speed.
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

/// What the device at `port` has to say.
pub(super) fn read(port: u16) -> u8 {
    with(|devices| match port {
        SERIAL_DATA => devices.received.pop_front().unwrap_or(0),
        SERIAL_FIFO => FIFO_ON,
        SERIAL_STATUS => READY | if devices.received.is_empty() { 0 } else { RECEIVED },
        KEYBOARD_DATA => devices.scan_codes.pop_front().unwrap_or(0),
        SCREEN_DATA => devices.screen[usize::from(devices.screen_index)],
        KEYBOARD_STATUS => u8::from(!devices.scan_codes.is_empty()),
        _ => 0,
    })
}

/// Tells the device at `port`.
pub(super) fn write(port: u16, value: u8) {
    with(|devices| match port {
        SERIAL_DATA => devices.sent.push(value),
        SCREEN_INDEX => devices.screen_index = value % 32,
        SCREEN_DATA => devices.screen[usize::from(devices.screen_index)] = value,
        EXIT => devices.exit = Some(value),
        _ => {}
    });
}

fn with<R>(act: impl FnOnce(&mut Devices) -> R) -> R {
    // A test that panicked elsewhere has not left anything half done here.
    let mut devices: MutexGuard<'_, _> = DEVICES.lock().unwrap_or_else(PoisonError::into_inner);
    act(devices.get_or_insert_default())
}
