//! What a traced kernel tells of itself, and the number of each event.
//!
//! Read by both sides: `trace.rs` writes the numbers, `scripts/jos trace` reads them.

use crate::Rank;

/// A lock: its class and which one of its class.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Lock {
    class: u8,
    key: u16,
}

/// Something that happens on a CPU.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// Wants a lock that another CPU has, and waits from now on.
    Wants(Lock),
    /// Has got a lock, or another CPU's answer.
    Has(Lock),
    /// Is about to release it.
    Frees(Lock),
    /// Goes to user mode, to the env in this slot.
    User(u16),
    /// Is in the kernel again.
    Kernel,
    /// Handles a trap, by its number.
    Trap(u8),
    /// Does a system call, by its number.
    Call(u8),
    /// Halts.
    Idle,
    /// Halts no longer.
    Awake,
    /// Interrupts the CPU whose APIC has this id.
    Sends(u8),
}

/// How many numbers there are.
pub const NUMBERS: usize = 1 << 16;

const KEYS: u32 = 1 << 10;
const CLASSES: u32 = 1 << 4;
/// Three events of each lock come first, then one of each slot, then those with a byte, then those alone.
const LOCKS: u32 = KEYS * CLASSES;
const USER: u32 = 3 * LOCKS;
const TRAP: u32 = USER + KEYS;
const CALL: u32 = TRAP + 256;
const SENDS: u32 = CALL + 256;
const ALONE: u32 = SENDS + 256;

const BIG: u8 = CLASSES as u8 - 1;
const _: () = assert!(Rank::COUNT < CLASSES as usize && (ALONE as usize) < NUMBERS);

impl Lock {
    /// The lock of class `rank` with this key.
    #[inline(always)]
    #[must_use]
    pub const fn new(rank: Rank, key: u16) -> Self {
        Self { class: rank as u8, key }
    }

    /// The one lock of the big-lock build.
    #[must_use]
    pub const fn big() -> Self {
        Self { class: BIG, key: 0 }
    }

    /// The name of its class.
    #[must_use]
    pub fn name(self) -> &'static str {
        if self.class == BIG { "big lock" } else { Rank::ALL.get(self.class as usize).map_or("?", |rank| rank.name()) }
    }

    /// Whether it can be held. The wait for another CPU's answer cannot: it is over when it is answered.
    #[must_use]
    pub const fn is_held(self) -> bool {
        self.class != Rank::CpuAnswer as u8
    }

    /// Which one of its class: the slot of an env, or the number of a CPU.
    #[must_use]
    pub const fn key(self) -> u16 {
        self.key
    }

    #[inline(always)]
    const fn number(self) -> u32 {
        (self.class as u32 % CLASSES) * KEYS + self.key as u32 % KEYS
    }

    const fn of(number: u32) -> Self {
        Self { class: (number / KEYS % CLASSES) as u8, key: (number % KEYS) as u16 }
    }
}

impl Event {
    /// Its number, below [`NUMBERS`].
    #[inline(always)]
    #[must_use]
    pub const fn number(self) -> usize {
        let number = match self {
            Event::Wants(lock) => lock.number(),
            Event::Has(lock) => LOCKS + lock.number(),
            Event::Frees(lock) => 2 * LOCKS + lock.number(),
            Event::User(slot) => USER + slot as u32 % KEYS,
            Event::Trap(vector) => TRAP + vector as u32,
            Event::Call(call) => CALL + call as u32,
            Event::Sends(apic_id) => SENDS + apic_id as u32,
            Event::Kernel => ALONE,
            Event::Idle => ALONE + 1,
            Event::Awake => ALONE + 2,
        };
        number as usize
    }

    /// The event with this number.
    #[must_use]
    pub const fn of(number: usize) -> Option<Event> {
        if number >= NUMBERS {
            return None;
        }
        let number = number as u32;
        Some(match number {
            ..LOCKS => Event::Wants(Lock::of(number)),
            LOCKS.. if number < 2 * LOCKS => Event::Has(Lock::of(number - LOCKS)),
            LOCKS.. if number < USER => Event::Frees(Lock::of(number - 2 * LOCKS)),
            USER..TRAP => Event::User((number - USER) as u16),
            TRAP..CALL => Event::Trap((number - TRAP) as u8),
            CALL..SENDS => Event::Call((number - CALL) as u8),
            SENDS..ALONE => Event::Sends((number - SENDS) as u8),
            _ => match number - ALONE {
                0 => Event::Kernel,
                1 => Event::Idle,
                2 => Event::Awake,
                _ => return None,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_one_event() {
        let mut known = 0;
        for number in 0..NUMBERS {
            if let Some(event) = Event::of(number) {
                assert_eq!(event.number(), number, "{event:?}");
                known += 1;
            }
        }
        assert_eq!(known, ALONE + 3);
    }

    #[test]
    fn locks_keep_class_and_key() {
        let lock = Lock::new(Rank::EnvVm, 1023);
        let Some(Event::Frees(same)) = Event::of(Event::Frees(lock).number()) else { panic!("another event") };
        assert_eq!((same, same.name(), same.key()), (lock, "env vm", 1023));
        assert_eq!(Lock::of(Lock::big().number()).name(), "big lock");
    }
}
