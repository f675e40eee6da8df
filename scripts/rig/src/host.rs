//! What is needed of the C library, declared by hand, and of Linux.

use std::ffi::{CStr, c_char, c_int, c_long, c_ulong, c_void};
use std::fs;

/// `struct timespec` of a 64-bit Linux.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timespec {
    pub(crate) seconds: i64,
    pub(crate) nanoseconds: i64,
}

/// `struct pollfd`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct PollFd {
    pub(crate) fd: c_int,
    pub(crate) events: i16,
    pub(crate) revents: i16,
}

pub(crate) const POLLIN: i16 = 1;
pub(crate) const CLOCK_MONOTONIC: c_int = 1;

/// `RTLD_DEFAULT` and `RTLD_NEXT` of glibc.
const EVERYWHERE: *mut c_void = std::ptr::null_mut();
const BEHIND_US: *mut c_void = -1_isize as *mut c_void;

const EFD_NONBLOCK: c_int = 0o4000;
/// Cores that fit into the kernel's mask below.
const CORES: usize = 1024;

unsafe extern "C" {
    fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
    fn sched_setaffinity(pid: c_int, size: usize, mask: *const c_ulong) -> c_int;
    fn sched_getaffinity(pid: c_int, size: usize, mask: *mut c_ulong) -> c_int;
    fn gettid() -> c_int;
    fn getpid() -> c_int;
    fn eventfd(initial: u32, flags: c_int) -> c_int;
    fn read(fd: c_int, buffer: *mut c_void, count: usize) -> c_long;
    fn write(fd: c_int, buffer: *const c_void, count: usize) -> c_long;
    fn _exit(status: c_int) -> !;
    fn atexit(what: extern "C" fn()) -> c_int;
}

/// Where `name` is in this process, or null.
pub(crate) fn symbol(name: &CStr) -> *mut c_void {
    // SAFETY: a name that ends in NUL; looking up has no effect.
    unsafe { dlsym(EVERYWHERE, name.as_ptr()) }
}

/// Where `name` is in the libraries behind this one: the one that ours stands in for.
pub(crate) fn next_symbol(name: &CStr) -> *mut c_void {
    // SAFETY: as in `symbol`.
    unsafe { dlsym(BEHIND_US, name.as_ptr()) }
}

/// Declares a function that gives the C library's `$symbol`, for which this library stands in.
macro_rules! real {
    ($name:ident: $type:ty = $symbol:literal) => {
        fn $name() -> $type {
            static REAL: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
            let place = *REAL.get_or_init(|| crate::host::next_symbol($symbol) as usize);
            assert!(place != 0, "the C library has {:?}", $symbol);
            // SAFETY: the C library's function of this name has this type.
            unsafe { std::mem::transmute::<usize, $type>(place) }
        }
    };
}
pub(crate) use real;

/// The strings of an `argv`.
///
/// # Safety
/// `argv` points to `argc` strings.
pub(crate) unsafe fn words(argc: c_int, argv: *const *const c_char) -> Vec<String> {
    let word = |i: usize| {
        // SAFETY: the caller's promise.
        let text = unsafe { *argv.wrapping_add(i) };
        // SAFETY: the caller's promise.
        unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
    };
    (0..argc.unsigned_abs() as usize).map(word).collect()
}

/// Keeps this process on one core, the `core`-th (modulo) of those it may use: handing over a turn is much cheaper then.
/// Where that is refused, it goes without.
pub(crate) fn pin(core: usize) {
    const BITS: usize = c_ulong::BITS as usize;
    let mut mask = [0 as c_ulong; CORES / BITS];
    // SAFETY: the mask has the size that is named.
    unsafe { sched_getaffinity(0, size_of_val(&mask), mask.as_mut_ptr()) };
    let allowed: Vec<usize> = (0..CORES).filter(|&i| mask[i / BITS] & (1 << (i % BITS)) != 0).collect();
    if allowed.is_empty() {
        return;
    }
    let chosen = allowed[core % allowed.len()];
    let mut mask = [0 as c_ulong; CORES / BITS];
    mask[chosen / BITS] = 1 << (chosen % BITS);
    // SAFETY: as above.
    unsafe { sched_setaffinity(0, size_of_val(&mask), mask.as_ptr()) };
}

/// The kernel's number of the calling thread.
pub(crate) fn thread_id() -> i32 {
    // SAFETY: has no conditions.
    unsafe { gettid() }
}

/// Whether the calling thread is the one that `main` runs in.
pub(crate) fn is_main_thread() -> bool {
    // SAFETY: has no conditions.
    let process = unsafe { getpid() };
    process == thread_id()
}

/// Whether a thread of this process but the calling one runs, or would if a core were free. One that just has been woken
/// does.
pub(crate) fn others_run() -> bool {
    let me = thread_id().to_string();
    let runs = |thread: &fs::DirEntry| {
        // PID (NAME) STATE ...: the name may have anything in it, but no later parenthesis can follow it.
        let stat = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('R'))
    };
    let threads = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    threads.filter(|thread| *thread.file_name() != *me).any(|thread| runs(&thread))
}

/// A file descriptor that becomes readable by [`ring`].
pub(crate) fn bell() -> c_int {
    // SAFETY: has no conditions.
    unsafe { eventfd(0, EFD_NONBLOCK) }
}

/// Makes the bell readable.
pub(crate) fn ring(bell: c_int) {
    let one = 1_u64;
    // SAFETY: eight bytes that are there. It fails only if the bell rings already, which is as good.
    unsafe { write(bell, (&raw const one).cast(), 8) };
}

/// Makes the bell unreadable.
pub(crate) fn silence(bell: c_int) {
    let mut count = 0_u64;
    // SAFETY: room for eight bytes.
    unsafe { read(bell, (&raw mut count).cast(), 8) };
}

/// Calls `what` when this process ends in the usual way.
pub(crate) fn at_exit(what: extern "C" fn()) {
    // SAFETY: a function that is there as long as the process.
    unsafe { atexit(what) };
}

/// Ends this process at once, without what QEMU would do at its end: its threads are held.
pub(crate) fn leave(status: c_int) -> ! {
    // SAFETY: has no conditions.
    unsafe { _exit(status) }
}
