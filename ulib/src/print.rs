//! Printing, and what happens on a panic.
//!
//! Text is formatted into a buffer on the stack (there is one page of that) and goes to the kernel in
//! one `cputs` for every 255 characters and one more at the end, so a short line is never mixed with
//! another env's.
//!
//! Measured by program `stackdepth`: a line takes about 1000 of a stack's 4096 bytes, a panic's line about
//! 1150, in debug builds too; of the exception stack a page-fault handler that prints takes 870.
//!
//! JOS: `lib/printf.c`, `lib/panic.c`, `lib/console.c`.

use core::fmt::{self, Write};
use core::panic::PanicInfo;

use crate::start::binary_name;
use crate::sys::{sys_cputs, sys_getenvid};

/// Prints, with Rust's formatting: JOS's `cprintf`.
#[macro_export]
macro_rules! cprintf {
    ($($arg:tt)*) => {
        $crate::vcprintf(::core::format_args!($($arg)*))
    };
}

/// Prints formatted text. [`cprintf!`] is the short way here.
pub fn vcprintf(text: fmt::Arguments<'_>) {
    let mut line = Line::new();
    // Only a failing `Display` could make this fail; then print what there is.
    let _ = line.write_fmt(text);
    line.finish();
}

/// Prints one character's byte.
pub fn cputchar(byte: u8) {
    sys_cputs(&[byte]);
}

/// JOS's `struct printbuf`.
struct Line {
    bytes: [u8; 256],
    len: usize,
}

impl Line {
    fn new() -> Line {
        Line { bytes: [0; 256], len: 0 }
    }

    /// Always one call, even with nothing left to print, as in JOS.
    fn finish(self) {
        sys_cputs(&self.bytes[..self.len]);
    }
}

impl Write for Line {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        for &byte in s.as_bytes() {
            self.bytes[self.len] = byte;
            self.len += 1;
            if self.len == self.bytes.len() - 1 {
                sys_cputs(&self.bytes[..self.len]);
                self.len = 0;
            }
        }
        Ok(())
    }
}

/// Says where and why, then traps to the kernel's monitor for ever.
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    let id = sys_getenvid();
    let (file, line) = info.location().map_or(("?", 0), |l| (l.file(), l.line()));
    let name = binary_name();
    let message = info.message();
    cprintf!("[{id}] user panic in {name} at {file}:{line}: {message}\n");
    loop {
        crate::raw::breakpoint();
    }
}
