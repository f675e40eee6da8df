//! Seeded delays: at a few of the points a CPU dawdles, and which and for how long follows from the seed.

use core::sync::atomic::{AtomicU32, Ordering};

use crate::config::NCPU;
use crate::console;
use crate::x86::instr;

/// One point in so many has a delay.
const ONE_IN: u32 = 8;
/// The longest is 2 to this power turns of a loop, each of which lets another thread go first on the host.
const LONGEST: u32 = if cfg!(test) { 8 } else { 12 };

/// The seed; 0 for no delays.
static SEED: AtomicU32 = AtomicU32::new(0);
/// How many points each CPU has passed.
static PASSED: [AtomicU32; NCPU] = [const { AtomicU32::new(0) }; NCPU];
static DELAYS: AtomicU32 = AtomicU32::new(0);

pub(super) fn start(seed: u32) {
    SEED.store(seed, Ordering::Relaxed);
}

/// Dawdles, or not, at the place with this number.
pub(super) fn at(place: u32, cpu: usize) {
    let seed = SEED.load(Ordering::Relaxed);
    // In tests on the host the boot CPU plays what has one right order.
    if seed == 0 || cfg!(test) && cpu == 0 {
        return;
    }
    let turns = turns(seed, cpu as u32, PASSED[cpu].fetch_add(1, Ordering::Relaxed), place);
    if turns > 0 {
        DELAYS.fetch_add(1, Ordering::Relaxed);
    }
    (0..turns).for_each(|_| instr::pause());
}

pub(super) fn report() {
    let (seed, count) = (SEED.load(Ordering::Relaxed), DELAYS.load(Ordering::Relaxed));
    if seed != 0 {
        console::emergency(format_args!("DELAYS seed={seed} count={count}\n"));
    }
}

/// How long a CPU dawdles at its `nth` point: the same for the same seed, always.
pub(super) fn turns(seed: u32, cpu: u32, nth: u32, place: u32) -> u32 {
    let hash = [cpu, nth, place].into_iter().fold(mix(seed), |hash, word| mix(hash ^ word));
    if !hash.is_multiple_of(ONE_IN) {
        return 0;
    }
    // Short ones far more often than long ones.
    let most = 1 << (hash / ONE_IN % (LONGEST + 1));
    1 + mix(hash) % most
}

/// Bob Jenkins' one-at-a-time mixing of a word.
fn mix(word: u32) -> u32 {
    let mut hash = 0_u32;
    for byte in word.to_le_bytes() {
        hash = hash.wrapping_add(u32::from(byte));
        hash = hash.wrapping_add(hash << 10);
        hash ^= hash >> 6;
    }
    hash = hash.wrapping_add(hash << 3);
    hash ^= hash >> 11;
    hash.wrapping_add(hash << 15)
}
