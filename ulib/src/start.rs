//! The start of a program, its arguments, and its end.
//!
//! The kernel enters at `_start` with ESP = `USTACKTOP`, or lower with `[argc][argv]` there. From there:
//! `_start` → `libmain` → the program's main function → [`exit`]. The one global is the program's name;
//! it is written once, before `main`.
//!
//! JOS: `lib/entry.S`, `lib/libmain.c`, `lib/exit.c`.

use core::arch::naked_asm;
use core::ffi::{CStr, c_char};
use core::ptr;
use core::slice;
use core::sync::atomic::{AtomicPtr, Ordering};

use abi::layout::USTACKTOP;

use crate::sys::{SELF, sys_env_destroy};

/// Names a program's main function, a `fn(Args)`.
#[macro_export]
macro_rules! entry {
    ($main:path) => {
        /// What the library calls; JOS's `umain`.
        #[unsafe(no_mangle)]
        fn umain(args: $crate::Args) {
            $main(args)
        }
    };
}

unsafe extern "Rust" {
    /// Made by [`entry!`], which fixes its type.
    safe fn umain(args: Args);
}

/// The words the program was started with, `argv[0]` being its name. Often there are none.
#[derive(Clone, Copy, Debug)]
pub struct Args(&'static [*const c_char]);

impl Args {
    /// Word number `i`, or `None` if there is none, or it is not UTF-8.
    pub fn get(self, i: usize) -> Option<&'static str> {
        let word = *self.0.get(i)?;
        // SAFETY: `libmain` got the pointer from the kernel, which ends each word with a NUL; nobody
        // writes to the words again.
        unsafe { CStr::from_ptr(word) }.to_str().ok()
    }

    /// Word number `i` as a number, or `default` if there is none or it is no number.
    pub fn number(self, i: usize, default: u32) -> u32 {
        self.get(i).and_then(|word| word.parse().ok()).unwrap_or(default)
    }
}

/// Ends the program.
pub fn exit() -> ! {
    loop {
        // It cannot fail: every env may destroy itself.
        let _ = sys_env_destroy(SELF);
    }
}

/// The program's name, if the kernel gave it arguments.
pub(crate) fn binary_name() -> &'static str {
    let name = BINARY_NAME.load(Ordering::Relaxed);
    if name.is_null() {
        return "<unknown>";
    }
    // SAFETY: not null, so it is the `argv[0]` that `libmain` stored; see `Args::get`.
    unsafe { CStr::from_ptr(name) }.to_str().unwrap_or("<unknown>")
}

static BINARY_NAME: AtomicPtr<c_char> = AtomicPtr::new(ptr::null_mut());

/// Where the kernel enters a program.
///
/// # Safety
///
/// Only for the kernel: the stack must be as the module says.
#[unsafe(naked)]
#[unsafe(no_mangle)]
#[unsafe(link_section = ".text._start")]
unsafe extern "C" fn _start() -> ! {
    naked_asm!(
        "cmp esp, {top}",
        "jne 2f",
        // No arguments. Two words more keep the stack at a multiple of 16.
        "sub esp, 8",
        "push 0",
        "push 0",
        "2:",
        "call {libmain}",
        "3:",
        "jmp 3b",
        top = const USTACKTOP,
        libmain = sym libmain,
    )
}

/// The rest of the start, in Rust.
///
/// # Safety
///
/// `argv` must have `argc` entries, all of them NUL-terminated strings that live as long as the program.
unsafe extern "C" fn libmain(argc: usize, argv: *const *const c_char) -> ! {
    let mut words: &[_] = &[];
    if argc > 0 {
        // SAFETY: `argv` has `argc` entries, above the frame of `_start`, which never returns.
        words = unsafe { slice::from_raw_parts(argv, argc) };
        BINARY_NAME.store(words[0].cast_mut(), Ordering::Relaxed);
    }
    umain(Args(words));
    exit()
}
