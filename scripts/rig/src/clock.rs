//! QEMU's clock, in virtual time, and its main loop as one more actor.
//!
//! This library stands before the C library, so QEMU calls our `clock_gettime` and `ppoll`. The guest's timers (LAPIC,
//! 8254, PM timer) follow the former. QEMU's main loop fires them: it sleeps in `ppoll` until the next is due. When the
//! least virtual time reaches that deadline no CPU runs until the main loop has been round; when all CPUs have halted,
//! time jumps to it.

use std::ffi::{c_int, c_ulong, c_void};
use std::mem;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use crate::cpu::Number;
use crate::host::{self, CLOCK_MONOTONIC, POLLIN, PollFd, Timespec};
use crate::{settings, turn};

type ClockGettime = unsafe extern "C" fn(c_int, *mut Timespec) -> c_int;
type Ppoll = unsafe extern "C" fn(*mut PollFd, c_ulong, *const Timespec, *const c_void) -> c_int;

const SECOND: u64 = 1_000_000_000;

/// No deadline.
const NEVER: u64 = u64::MAX;

/// File descriptors that our `ppoll` handles, the bell included.
const MOST_FDS: usize = 64;

/// How long all has to be quiet before time jumps, in nanoseconds of the host. Whoever has just been woken is seen by
/// other means; this only keeps the looking cheap.
static QUIET: Timespec = Timespec { seconds: 0, nanoseconds: 200_000 };

/// Whether the clock is ours.
static ON: AtomicBool = AtomicBool::new(false);
/// The host's time, in nanoseconds, when it became ours.
static BASE: Number = Number::new(0);
/// The latest time that was told: it must not go back.
static LATEST: Number = Number::new(0);
/// When the main loop has to run, in ticks.
static DEADLINE: Number = Number::new(NEVER);
/// Ends the main loop's sleep.
static BELL: AtomicI32 = AtomicI32::new(-1);
static RUNG: AtomicBool = AtomicBool::new(false);

/// Takes over the clock.
pub(crate) fn start() -> Result<(), String> {
    let ours: unsafe extern "C" fn(c_int, *mut Timespec) -> c_int = clock_gettime;
    if host::symbol(c"clock_gettime") as usize != ours as usize {
        return Err("the library has to be in LD_PRELOAD, too".to_owned());
    }
    let mut now = Timespec { seconds: 0, nanoseconds: 0 };
    // SAFETY: room for a time.
    unsafe { real_clock()(CLOCK_MONOTONIC, &mut now) };
    BASE.set(nanoseconds(&now));
    BELL.store(host::bell(), Ordering::Relaxed);
    ON.store(true, Ordering::Release);
    Ok(())
}

/// When the main loop has to run, in ticks.
pub(crate) fn deadline() -> u64 {
    DEADLINE.get()
}

/// Makes the main loop go round, if it sleeps.
pub(crate) fn wake_main_loop() {
    if !RUNG.swap(true, Ordering::Relaxed) {
        host::ring(BELL.load(Ordering::Relaxed));
    }
}

fn nanoseconds(time: &Timespec) -> u64 {
    time.seconds.unsigned_abs() * SECOND + time.nanoseconds.unsigned_abs()
}

/// The guest's time in nanoseconds: that of the CPU that runs.
fn now(turn: &turn::Turn) -> u64 {
    let ticks = turn.holder().map_or(0, |holder| holder.now.get()).max(turn::front());
    LATEST.raise(BASE.get() + ticks * settings::get().nanoseconds)
}

fn real_clock() -> ClockGettime {
    static REAL: OnceLock<usize> = OnceLock::new();
    let place = *REAL.get_or_init(|| host::next_symbol(c"clock_gettime") as usize);
    assert!(place != 0, "the C library has a clock");
    // SAFETY: the C library's function of this name has this type.
    unsafe { mem::transmute::<usize, ClockGettime>(place) }
}

fn real_ppoll() -> Ppoll {
    static REAL: OnceLock<usize> = OnceLock::new();
    let place = *REAL.get_or_init(|| host::next_symbol(c"ppoll") as usize);
    assert!(place != 0, "the C library has ppoll");
    // SAFETY: as in `real_clock`.
    unsafe { mem::transmute::<usize, Ppoll>(place) }
}

/// Stands in for the C library's.
///
/// # Safety
/// `time` is writable.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn clock_gettime(clock: c_int, time: *mut Timespec) -> c_int {
    if clock != CLOCK_MONOTONIC || !ON.load(Ordering::Acquire) {
        // SAFETY: the caller's promise.
        return unsafe { real_clock()(clock, time) };
    }
    let now = now(&turn::lock());
    let told = Timespec { seconds: (now / SECOND) as i64, nanoseconds: (now % SECOND) as i64 };
    // SAFETY: the caller's promise.
    unsafe { time.write(told) };
    0
}

/// Stands in for the C library's.
///
/// # Safety
/// As for the C library's.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn ppoll(
    fds: *mut PollFd,
    count: c_ulong,
    timeout: *const Timespec,
    mask: *const c_void,
) -> c_int {
    let number = count as usize;
    // SAFETY: a time, or null, by the C library's contract.
    let timeout_value = unsafe { timeout.as_ref() };
    let just_looks = timeout_value.is_some_and(|time| nanoseconds(time) == 0);
    if !ON.load(Ordering::Acquire) || !host::is_main_thread() || number >= MOST_FDS || just_looks {
        // SAFETY: the caller's promise.
        return unsafe { real_ppoll()(fds, count, timeout, mask) };
    }
    let mut own = [PollFd { fd: -1, events: 0, revents: 0 }; MOST_FDS];
    let theirs = if number == 0 {
        &mut [][..]
    } else {
        // SAFETY: `count` of them, by the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(fds, number) }
    };
    own[..number].copy_from_slice(theirs);
    own[number] = PollFd { fd: BELL.load(Ordering::Relaxed), events: POLLIN, revents: 0 };
    let mut ready = sleep(&mut own[..=number], timeout_value, mask);
    if ready < 0 {
        return ready;
    }
    if own[number].revents != 0 {
        host::silence(own[number].fd);
        ready -= 1;
    }
    theirs.copy_from_slice(&own[..number]);
    ready
}

/// The main loop is at rest: CPUs run, until the deadline, the bell, or one of the files. From the return on no CPU
/// starts, until the main loop comes here again.
fn sleep(fds: &mut [PollFd], timeout: Option<&Timespec>, mask: *const c_void) -> c_int {
    let mut turn = turn::lock();
    DEADLINE.set(timeout.map_or(NEVER, |time| {
        let due = now(&turn) + nanoseconds(time) - BASE.get();
        due.div_ceil(settings::get().nanoseconds)
    }));
    turn.main_loop = false;
    RUNG.store(false, Ordering::Relaxed);
    let mut quiet = turn.all_idle();
    turn::start_somebody(turn);
    loop {
        let patience = if quiet { &raw const QUIET } else { std::ptr::null() };
        // SAFETY: the files are there; the mask is the caller's.
        let ready = unsafe { real_ppoll()(fds.as_mut_ptr(), fds.len() as c_ulong, patience, mask) };
        let mut turn = turn::lock();
        quiet = turn.all_idle();
        let jump = ready == 0 && quiet && deadline() != NEVER && !turn.cpus().any(|(_, cpu)| cpu.is_runnable());
        if jump {
            turn::warp(deadline());
        }
        if jump || ready != 0 {
            turn.main_loop = true;
            return ready;
        }
    }
}
