//! The PS/2 keyboard: scan codes of set 1, US layout.
//!
//! Keys that are no characters have JOS's numbers, 0xe0 to 0xe9. IBM PC AT technical reference; JOS:
//! `kern/console.c`, `inc/kbdreg.h`. Only `console` calls this.

use super::instr::{halt_forever, inb, outb};

const STATUS: u16 = 0x64;
const DATA: u16 = 0x60;
const STATUS_FULL: u8 = 0x01;
const STATUS_FROM_MOUSE: u8 = 0x20;
/// System control port: fast reset, with A20 left on.
const CONTROL_PORT: u16 = 0x92;
const RESET: u8 = 0x03;

/// A prefix: the next code is one of the grey keys'.
const ESCAPE: u8 = 0xe0;
/// Set in the code of a key that is let go; and, once the prefix is taken in, in that of a grey key.
const HIGH_BIT: u8 = 0x80;

const KEY_HOME: u8 = 0xe0;
const KEY_END: u8 = 0xe1;
const KEY_UP: u8 = 0xe2;
const KEY_DOWN: u8 = 0xe3;
const KEY_LEFT: u8 = 0xe4;
const KEY_RIGHT: u8 = 0xe5;
const KEY_PAGE_UP: u8 = 0xe6;
const KEY_PAGE_DOWN: u8 = 0xe7;
const KEY_INSERT: u8 = 0xe8;
const KEY_DELETE: u8 = 0xe9;

/// What the characters of consecutive scan codes are; 0 is none.
struct Row {
    first: u8,
    plain: &'static [u8],
    shift: &'static [u8],
}

const ROWS: [Row; 6] = [
    Row { first: 0x01, plain: b"\x1b1234567890-=\x08\t", shift: b"\x1b!@#$%^&*()_+\x08\t" },
    Row { first: 0x10, plain: b"qwertyuiop[]\n", shift: b"QWERTYUIOP{}\n" },
    Row { first: 0x1e, plain: b"asdfghjkl;'`", shift: b"ASDFGHJKL:\"~" },
    Row { first: 0x2b, plain: b"\\zxcvbnm,./", shift: b"|ZXCVBNM<>?" },
    Row { first: 0x37, plain: b"*\0 ", shift: b"*\0 " },
    Row { first: 0x47, plain: b"789-456+1230.", shift: b"789-456+1230." },
];

/// Which keys are down, and which locks are on.
#[derive(Clone, Copy, Debug)]
pub struct Keyboard {
    escaped: bool,
    shift: bool,
    control: bool,
    alt: bool,
    caps_lock: bool,
}

/// What the keyboard has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Nothing is waiting.
    Empty,
    /// A key that is no input by itself, or one that was let go.
    Silent,
    /// Input.
    Byte(u8),
    /// Control, Alt and Delete.
    Reboot,
}

impl Keyboard {
    /// No key is down.
    pub const AT_REST: Keyboard =
        Keyboard { escaped: false, shift: false, control: false, alt: false, caps_lock: false };

    /// Takes one scan code from the keyboard, if one is waiting.
    pub fn poll(&mut self) -> Event {
        let status = inb(STATUS);
        if status & STATUS_FULL == 0 {
            return Event::Empty;
        }
        let code = inb(DATA);
        if status & STATUS_FROM_MOUSE != 0 {
            return Event::Silent;
        }
        self.key(code)
    }

    fn key(&mut self, code: u8) -> Event {
        if code == ESCAPE {
            self.escaped = true;
            return Event::Silent;
        }
        let grey = core::mem::take(&mut self.escaped);
        let down = code & HIGH_BIT == 0;
        let key = code & !HIGH_BIT;
        match key {
            0x1d => self.control = down,
            0x2a | 0x36 if !grey => self.shift = down,
            0x38 => self.alt = down,
            0x3a if down => self.caps_lock = !self.caps_lock,
            _ if down => return self.pressed(key, grey),
            _ => {}
        }
        Event::Silent
    }

    fn pressed(&self, key: u8, grey: bool) -> Event {
        let byte = if grey { grey_key(key) } else { self.character(key) };
        let delete = byte == KEY_DELETE || key == 0x53;
        match byte {
            _ if delete && self.control && self.alt => Event::Reboot,
            0 => Event::Silent,
            _ => Event::Byte(byte),
        }
    }

    /// The character of a white key, with the keys that are down with it.
    fn character(&self, key: u8) -> u8 {
        let row = ROWS.iter().rev().find(|row| row.first <= key);
        let Some((row, place)) = row.map(|row| (row, usize::from(key - row.first))) else {
            return 0;
        };
        let map = if self.shift { row.shift } else { row.plain };
        let byte = map.get(place).copied().unwrap_or(0);
        if self.control {
            // Letters and backslash give the control characters; the rest is nothing.
            return match byte.to_ascii_uppercase() {
                upper @ (b'A'..=b'Z' | b'\\') => upper - b'@',
                _ => 0,
            };
        }
        if self.caps_lock && byte.is_ascii_alphabetic() { byte ^ 0x20 } else { byte }
    }
}

/// The number of a key whose code came with the prefix.
fn grey_key(key: u8) -> u8 {
    match key {
        0x1c => b'\n',
        0x35 => b'/',
        0x47 => KEY_HOME,
        0x48 => KEY_UP,
        0x49 => KEY_PAGE_UP,
        0x4b => KEY_LEFT,
        0x4d => KEY_RIGHT,
        0x4f => KEY_END,
        0x50 => KEY_DOWN,
        0x51 => KEY_PAGE_DOWN,
        0x52 => KEY_INSERT,
        0x53 => KEY_DELETE,
        _ => 0,
    }
}

/// Resets the machine.
pub fn reboot() -> ! {
    outb(CONTROL_PORT, RESET);
    halt_forever()
}
