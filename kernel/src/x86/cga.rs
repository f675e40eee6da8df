//! The text screen: 80 by 25, grey on black.
//!
//! Screen memory is slow, under an emulator above all, so it is not copied for each new line: it holds 204 lines, of
//! which the screen shows 25, and scrolling moves that window. Only at the end of memory are the lines copied back to
//! its beginning. IBM VGA, 6845 registers 0x0c to 0x0f; JOS: `kern/console.c`, which also drives a printer and
//! monochrome screens; this does not.
//!
//! The position is in atomics so that the panic path can write without a lock. Only `console` calls this.

use core::sync::atomic::{AtomicU32, Ordering};

use super::instr::{inb, outb};
use crate::mm::phys;

/// Physical address of screen memory.
const MEMORY: u32 = 0xb_8000;
const COLUMNS: u32 = 80;
const SCREEN: u32 = 25 * COLUMNS;
/// Cells in 32 KiB of screen memory, in whole lines.
const CELLS: u32 = 0x4000 / COLUMNS * COLUMNS;
/// Grey on black.
const ATTRIBUTE: u16 = 0x0700;
const BLANK: u16 = ATTRIBUTE | b' ' as u16;
const TAB: &[u8] = b"     ";
/// Neither a character nor an attribute anyone uses, to see whether there is memory.
const PROBE: u16 = 0xa55a;

const CRTC_INDEX: u16 = 0x3d4;
const CRTC_DATA: u16 = 0x3d5;
const CRTC_START: u8 = 0x0c;
const CRTC_CURSOR: u8 = 0x0e;

/// Where the next character goes. Not below [`WINDOW`], and less than a screen above it. [`NO_SCREEN`]: nowhere.
static CURSOR: AtomicU32 = AtomicU32::new(NO_SCREEN);
/// The first cell that is shown, at the beginning of a line.
static WINDOW: AtomicU32 = AtomicU32::new(0);
const NO_SCREEN: u32 = u32::MAX;

/// Finds out where the firmware left the cursor. Without a screen, nothing is ever written.
pub fn init() {
    let old = read(0);
    write(0, PROBE);
    let there = read(0) == PROBE;
    write(0, old);
    if there {
        set_crtc(CRTC_START, 0);
        WINDOW.store(0, Ordering::Relaxed);
        CURSOR.store(u32::from(crtc(CRTC_CURSOR)).min(SCREEN - 1), Ordering::Relaxed);
    }
}

/// Shows bytes. Backspace, tab, line feed and carriage return do what they say; the rest is in code page 437.
pub fn write_bytes(bytes: &[u8]) {
    let mut cursor = CURSOR.load(Ordering::Relaxed);
    if cursor == NO_SCREEN {
        return;
    }
    for &byte in bytes {
        match byte {
            b'\t' => TAB.iter().for_each(|&space| cursor = put(cursor, space)),
            _ => cursor = put(cursor, byte),
        }
    }
    CURSOR.store(cursor, Ordering::Relaxed);
    set_crtc(CRTC_START, WINDOW.load(Ordering::Relaxed));
    set_crtc(CRTC_CURSOR, cursor);
}

/// Shows one byte at `cursor`; returns where the next one goes.
fn put(cursor: u32, byte: u8) -> u32 {
    let window = WINDOW.load(Ordering::Relaxed);
    let line = cursor - cursor % COLUMNS;
    let next = match byte {
        0x08 if cursor > window => {
            write(cursor - 1, BLANK);
            cursor - 1
        }
        0x08 => cursor,
        b'\n' => line + COLUMNS,
        b'\r' => line,
        _ => {
            write(cursor, ATTRIBUTE | u16::from(byte));
            cursor + 1
        }
    };
    if next < window + SCREEN { next } else { scroll(window, next) }
}

/// Makes room for a line at the bottom; returns where the cell `next` has gone.
fn scroll(window: u32, next: u32) -> u32 {
    let mut first = window + COLUMNS;
    let mut next = next;
    if first + SCREEN > CELLS {
        for cell in 0..SCREEN - COLUMNS {
            write(cell, read(first + cell));
        }
        next -= first;
        first = 0;
    }
    let last_line = first + SCREEN - COLUMNS;
    for cell in last_line..first + SCREEN {
        write(cell, BLANK);
    }
    WINDOW.store(first, Ordering::Relaxed);
    next
}

fn read(cell: u32) -> u16 {
    // SAFETY: screen memory, where no Rust object lives.
    unsafe { address(cell).read_volatile() }
}

fn write(cell: u32, value: u16) {
    // SAFETY: as in `read`.
    unsafe { address(cell).write_volatile(value) };
}

/// Where a cell is. (The remainder matters only to two CPUs that write without the lock in a panic.)
fn address(cell: u32) -> *mut u16 {
    core::ptr::with_exposed_provenance_mut(phys::kernel_address(MEMORY + cell % CELLS * 2))
}

/// Reads a pair of registers of the screen's controller, the upper half first.
fn crtc(register: u8) -> u16 {
    outb(CRTC_INDEX, register);
    let high = inb(CRTC_DATA);
    outb(CRTC_INDEX, register + 1);
    u16::from_be_bytes([high, inb(CRTC_DATA)])
}

/// Writes a pair of registers, the upper half first.
fn set_crtc(register: u8, value: u32) {
    let [low, high, ..] = value.to_le_bytes();
    outb(CRTC_INDEX, register);
    outb(CRTC_DATA, high);
    outb(CRTC_INDEX, register + 1);
    outb(CRTC_DATA, low);
}
