//! One step of this crate is taken otherwise. Written into a copy of the tree by `scripts/jos mutants --sweep steps`.

#![allow(dead_code, missing_docs, unreachable_pub, clippy::pedantic, reason = "not every crate has every kind of step")]

extern crate std;

use core::ops::{BitAnd, BitOr, Sub};
use core::sync::atomic::{AtomicU32, Ordering};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::sync::LazyLock;

/// What is chosen besides steps: not looked up yet, none, and none but note which are come to.
const UNKNOWN: u32 = u32::MAX;
const NONE: u32 = u32::MAX - 1;
const NOTE: u32 = u32::MAX - 2;

static CHOSEN: AtomicU32 = AtomicU32::new(UNKNOWN);

/// Whether the statement, or the arm, of this number is there.
pub fn is_there(step: u32) -> bool {
    match CHOSEN.load(Ordering::Relaxed) {
        chosen if chosen < NOTE => chosen != step,
        NONE => true,
        chosen => look(chosen, step),
    }
}

#[cold]
fn look(chosen: u32, step: u32) -> bool {
    if chosen == UNKNOWN {
        let number = std::env::var("JOS_STEP").ok().and_then(|text| text.parse().ok());
        let otherwise = if std::env::var_os("JOS_STEPS_SEEN").is_some() { NOTE } else { NONE };
        CHOSEN.store(number.unwrap_or(otherwise), Ordering::Relaxed);
        return is_there(step);
    }
    note(step);
    true
}

/// Writes down that a step was come to.
fn note(step: u32) {
    static SEEN: [AtomicU32; 512] = [const { AtomicU32::new(0) }; 512];
    static FILE: LazyLock<Option<File>> = LazyLock::new(|| {
        let path = std::env::var_os("JOS_STEPS_SEEN")?;
        OpenOptions::new().append(true).create(true).open(path).ok()
    });
    // More steps than bits: those at the end are written each time, and only slower.
    let (word, bit) = (SEEN.get(step as usize / 32), 1 << (step % 32));
    let is_new = word.is_none_or(|word| word.fetch_or(bit, Ordering::Relaxed) & bit == 0);
    if is_new && let Some(mut file) = FILE.as_ref() {
        _ = file.write_all(std::format!("{step}\n").as_bytes());
    }
}

/// A condition: always so with `step`, never with the number after it.
pub fn holds(step: u32, condition: bool) -> bool {
    let (always, never) = (!is_there(step), !is_there(step + 1));
    always || !never && condition
}

/// A condition, or its contrary.
pub fn turned(step: u32, condition: bool) -> bool {
    is_there(step) == condition
}

pub fn lt<T: PartialOrd>(step: u32, a: T, b: T) -> bool {
    if is_there(step) { a < b } else { a <= b }
}

pub fn le<T: PartialOrd>(step: u32, a: T, b: T) -> bool {
    if is_there(step) { a <= b } else { a < b }
}

pub fn gt<T: PartialOrd>(step: u32, a: T, b: T) -> bool {
    if is_there(step) { a > b } else { a >= b }
}

pub fn ge<T: PartialOrd>(step: u32, a: T, b: T) -> bool {
    if is_there(step) { a >= b } else { a > b }
}

/// Both sets; the first alone with `step`, the second alone with the number after it.
pub fn or<T: BitOr<Output = T>>(step: u32, a: T, b: T) -> T {
    match (is_there(step), is_there(step + 1)) {
        (false, _) => a,
        (_, false) => b,
        _ => a | b,
    }
}

pub fn and<T: BitAnd<Output = T>>(step: u32, a: T, b: T) -> T {
    if is_there(step) { a & b } else { a }
}

/// A number, or one less.
pub fn number<T: Sub<Output = T> + From<bool>>(step: u32, number: T) -> T {
    if is_there(step) { number } else { number - T::from(true) }
}

/// The one, or the other.
pub fn either<T>(step: u32, one: T, other: T) -> T {
    if is_there(step) { one } else { other }
}
