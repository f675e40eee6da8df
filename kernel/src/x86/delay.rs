//! Time: short waits, and milliseconds since the machine started.
//!
//! The reference is channel 2 of the 8254 timer, which every PC has and nobody else uses (Intel 8254 data
//! sheet; the gate and the output are bits of port 0x61). It calibrates the time-stamp counter once at boot;
//! afterwards a look at the clock is one instruction.

use core::sync::atomic::{AtomicU32, Ordering};

use super::instr::{inb, outb, pause, rdtsc};

const PIT_HZ: u32 = 1_193_182;
const PIT_CHANNEL2: u16 = 0x42;
const PIT_COMMAND: u16 = 0x43;
/// Channel 2, both bytes of the count, mode 0: the output rises when the count reaches zero.
const PIT_ONE_SHOT: u8 = 0xb0;
const GATE: u16 = 0x61;
const GATE_ON: u8 = 0x01;
const SPEAKER_ON: u8 = 0x02;
const OUTPUT: u8 = 0x20;

/// Ticks of the time-stamp counter per millisecond. Until [`calibrate`], a guess that is not zero.
static TSC_KHZ: AtomicU32 = AtomicU32::new(2_000_000);

/// Measures the time-stamp counter. On the boot CPU, early; takes 20 ms.
///
/// A busy host can only make the wait longer than asked for, so the shortest of a few is the truest.
pub fn calibrate() {
    let ticks = (0..4).map(|_| {
        let before = rdtsc();
        microdelay(5_000);
        (rdtsc() - before) / 5
    });
    let khz = ticks.min().and_then(|khz| u32::try_from(khz).ok());
    TSC_KHZ.store(khz.unwrap_or(u32::MAX).max(1), Ordering::Relaxed);
}

/// Ticks of the time-stamp counter per millisecond.
pub fn tsc_khz() -> u32 {
    TSC_KHZ.load(Ordering::Relaxed)
}

/// Milliseconds on a clock that started with the machine and wraps after 49 days.
pub fn millis() -> u32 {
    (rdtsc() / u64::from(tsc_khz())) as u32
}

/// A clock for short times: the time-stamp counter by 64. At 4 GHz it wraps after 68 seconds.
#[inline]
pub fn ticks() -> u32 {
    (rdtsc() >> 6) as u32
}

/// How many microseconds `ticks` of that clock are.
pub fn ticks_to_micros(ticks: u64) -> u64 {
    ticks.saturating_mul(64_000) / u64::from(tsc_khz())
}

/// Waits at least `us` microseconds. Only the boot CPU, while it starts the machine: there is one timer.
pub fn microdelay(us: u32) {
    const LONGEST_US: u32 = 50_000;
    let mut left = us;
    while left > 0 {
        let now = left.min(LONGEST_US);
        one_shot((now * (PIT_HZ / 1000)).div_ceil(1000));
        left -= now;
    }
}

/// Waits for `count` periods of the timer's clock.
fn one_shot(count: u32) {
    let [low, high] = (count as u16).to_le_bytes();
    outb(GATE, inb(GATE) & !SPEAKER_ON | GATE_ON);
    outb(PIT_COMMAND, PIT_ONE_SHOT);
    outb(PIT_CHANNEL2, low);
    outb(PIT_CHANNEL2, high);
    while inb(GATE) & OUTPUT == 0 {
        pause();
    }
}
