//! Poison: what is freed is filled with a word that nobody writes, and must hold it still when it is handed out again.
//!
//! A CPU or a program that goes on using a frame or an env slot after it was freed is found when the next owner gets it, or
//! by the next audit. `poison_off.rs` has the same names for builds without debug assertions.
//!
//! Locks: none. A frame or slot belongs to the caller, who has just taken it out of the pool, or is about to put it there.

use core::fmt;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use abi::NENV;

use crate::cpu;
use crate::mm::frame::{Frame, MAX_FRAMES};
use crate::mm::phys;

/// As a page-table entry it is not present.
pub const WORD: u32 = 0xdead_f4ee;

/// Of each frame and slot: 0 if it is not filled; else who freed it, see [`FreedBy`].
static FRAMES: [AtomicU32; MAX_FRAMES] = [const { AtomicU32::new(0) }; MAX_FRAMES];
static SLOTS: [AtomicU32; NENV] = [const { AtomicU32::new(0) }; NENV];
/// Set when boot is over. Its tests take and free all of memory.
static ON: AtomicBool = AtomicBool::new(false);

/// The CPU that freed something, and the slot of the env that it ran.
#[derive(Clone, Copy, Debug)]
struct FreedBy(u32);

/// A word that was written after its page or slot was freed.
#[derive(Debug)]
pub struct Written {
    /// Where, in bytes from the start.
    pub offset: usize,
    /// What is there instead of [`WORD`].
    pub value: u32,
    freed_by: FreedBy,
}

/// From now on everything is filled that is freed.
pub fn init() {
    ON.store(true, Ordering::Relaxed);
}

/// Fills a frame that is about to be free.
pub fn frame_freed(frame: Frame) {
    if ON.load(Ordering::Relaxed) {
        phys::fill(frame, WORD);
        FRAMES[usize::from(frame.0)].store(FreedBy::here().0, Ordering::Relaxed);
    }
}

/// Checks a frame that was free until now.
///
/// # Panics
/// When it was written to meanwhile.
pub fn frame_taken(frame: Frame) {
    if let Err(written) = look_at_free(frame) {
        panic!("frame {:#x} {written}\nPOISON frame={:#x} {written:?}", frame.0, frame.0);
    }
    FRAMES[usize::from(frame.0)].store(0, Ordering::Relaxed);
}

/// Looks at a free frame. Says whether it was filled.
///
/// # Errors
/// The first word that was written after that.
pub fn look_at_free(frame: Frame) -> Result<bool, Written> {
    let freed_by = FRAMES[usize::from(frame.0)].load(Ordering::Relaxed);
    // All at once first, which is much cheaper; word by word only to say which.
    if freed_by != 0 && phys::is_filled(frame, WORD) {
        return Ok(true);
    }
    compare(freed_by, phys::table(frame))
}

/// Fills what is left of the env in `slot`, which is about to be free.
pub fn slot_freed<'a>(slot: usize, remains: impl IntoIterator<Item = &'a AtomicU32>) {
    if ON.load(Ordering::Relaxed) {
        remains.into_iter().for_each(|word| word.store(WORD, Ordering::Relaxed));
        SLOTS[slot].store(FreedBy::here().0, Ordering::Relaxed);
    }
}

/// Checks a slot that was free until now.
///
/// # Panics
/// When it was written to meanwhile.
pub fn slot_taken<'a>(slot: usize, remains: impl IntoIterator<Item = &'a AtomicU32>) {
    if let Err(written) = compare(SLOTS[slot].swap(0, Ordering::Relaxed), remains) {
        panic!("env slot {slot} {written}\nPOISON slot={slot} {written:?}");
    }
}

fn compare<'a>(freed_by: u32, words: impl IntoIterator<Item = &'a AtomicU32>) -> Result<bool, Written> {
    if freed_by == 0 {
        return Ok(false);
    }
    let mut values = words.into_iter().map(|word| word.load(Ordering::Relaxed)).enumerate();
    match values.find(|&(_, value)| value != WORD) {
        None => Ok(true),
        Some((index, value)) => Err(Written { offset: index * 4, value, freed_by: FreedBy(freed_by) }),
    }
}

impl FreedBy {
    /// Never 0: bit 31 is set.
    fn here() -> FreedBy {
        let cpu = cpu::index();
        FreedBy(1 << 31 | (cpu as u32) << 16 | cpu::env_of(cpu).map_or(0, |slot| slot as u32 + 1))
    }
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Written { offset, value, freed_by: FreedBy(by) } = self;
        write!(
            f,
            "was written to after it was freed: {value:#x} at offset {offset:#x}, freed by CPU {} ",
            by >> 16 & 0xff
        )?;
        match (by & 0xffff).checked_sub(1) {
            Some(slot) => write!(f, "while it ran the env in slot {slot}"),
            None => f.write_str("while it ran no env"),
        }
    }
}
