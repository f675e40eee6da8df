//! QEMU's clock, in virtual time, and its main loop as one more actor.
//!
//! This library stands before the C library, so QEMU calls our `clock_gettime`, `ppoll` and `write`. The guest's timers
//! (LAPIC, 8254, PM timer) follow the first. QEMU's main loop fires them: it sleeps in `ppoll` until the next is due. When the
//! least virtual time reaches that deadline no CPU runs until the main loop has been round; when all CPUs have halted,
//! time jumps to it. A CPU that sets a timer tells the main loop by a `write` to an event file, and stops at the end of
//! its block until the main loop has seen that.
//!
//! While the main loop is at work no CPU runs, and the clock stands; so a round that changes nothing leaves no trace.

use std::ffi::{c_int, c_ulong, c_void};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use crate::cpu::{self, Number};
use crate::host::{self, CLOCK_MONOTONIC, POLLIN, PollFd, Timespec};
use crate::{hold, settings, turn};

type ClockGettime = unsafe extern "C" fn(c_int, *mut Timespec) -> c_int;
type Write = unsafe extern "C" fn(c_int, *const c_void, usize) -> isize;
type Ppoll = unsafe extern "C" fn(*mut PollFd, c_ulong, *const Timespec, *const c_void) -> c_int;

host::real!(real_clock: ClockGettime = c"clock_gettime");
host::real!(real_write: Write = c"write");
host::real!(real_ppoll: Ppoll = c"ppoll");

const SECOND: u64 = 1_000_000_000;

/// No deadline.
const NEVER: u64 = u64::MAX;

/// File descriptors that our `ppoll` handles, the bell included.
const MOST_FDS: usize = 64;

/// A look that does not wait.
static AT_ONCE: Timespec = Timespec { seconds: 0, nanoseconds: 0 };

/// Whether the clock is ours.
static ON: AtomicBool = AtomicBool::new(false);
/// The host's time, in nanoseconds, when it became ours.
static BASE: Number = Number::new(0);
/// When the main loop has to run, in ticks.
static DEADLINE: Number = Number::new(NEVER);
/// Ends the main loop's sleep.
static BELL: AtomicI32 = AtomicI32::new(-1);

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

/// Makes the main loop go round.
pub(crate) fn wake_main_loop() {
    host::ring(BELL.load(Ordering::Relaxed));
}

fn nanoseconds(time: &Timespec) -> u64 {
    time.seconds.unsigned_abs() * SECOND + time.nanoseconds.unsigned_abs()
}

/// The virtual time for the calling thread: that of its CPU, or else the machine's.
pub(crate) fn ticks() -> u64 {
    cpu::me().map_or_else(turn::front, |index| cpu::get(index).now.get())
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
    let now = BASE.get() + ticks() * settings::get().nanoseconds;
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
    sleep(&mut own[..=number], timeout_value);
    // SAFETY: the caller's promise.
    unsafe { real_ppoll()(fds, count, &raw const AT_ONCE, mask) }
}

/// The main loop is at rest: CPUs run, until the deadline, the bell, or one of the files; `fds` ends with the bell. From the
/// return on no CPU runs, until the main loop comes here again.
fn sleep(fds: &mut [PollFd], timeout: Option<&Timespec>) {
    let mut turn = turn::lock();
    DEADLINE.set(timeout.map_or(NEVER, |time| {
        let ticks = nanoseconds(time).div_ceil(settings::get().nanoseconds);
        turn::front() + ticks
    }));
    if turn.all_idle() && deadline() != NEVER {
        turn::warp(deadline());
        return;
    }
    turn.main_loop = false;
    if turn.all_idle() {
        drop(turn);
    } else {
        hold::go_on(turn);
    }
    let bell = fds.len() - 1;
    let mut watched = 0;
    loop {
        // SAFETY: the files are there.
        unsafe {
            real_ppoll()(fds[watched..].as_mut_ptr(), (fds.len() - watched) as c_ulong, ptr::null(), ptr::null())
        };
        let mut turn = turn::lock();
        if !turn.main_loop {
            // One of the files: the CPU that runs has to stop first.
            turn.wants_main_loop();
            watched = bell;
        }
        if turn.main_loop {
            host::silence(fds[bell].fd);
            return;
        }
    }
}

/// Stands in for the C library's. With it a CPU that has set a timer tells the main loop.
///
/// # Safety
/// As for the C library's.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn write(file: c_int, bytes: *const c_void, count: usize) -> isize {
    // What is written to an event file: the number one.
    let is_event = || {
        // SAFETY: eight bytes to be written, by the caller's promise.
        count == 8 && unsafe { bytes.cast::<u64>().read_unaligned() } == 1
    };
    if cpu::me().is_some() && file != BELL.load(Ordering::Relaxed) && is_event() {
        turn::lock().wants_main_loop();
    }
    // SAFETY: the caller's promise.
    unsafe { real_write()(file, bytes, count) }
}
