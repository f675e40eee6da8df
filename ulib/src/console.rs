//! Input from the console.
//!
//! JOS: `lib/console.c`, `lib/readline.c`.

use crate::print::cputchar;
use crate::sys::{sys_cgetc, sys_yield};

/// The next byte of input, waiting for it.
pub fn getchar() -> u8 {
    loop {
        match sys_cgetc() {
            0 => sys_yield(),
            byte => return byte,
        }
    }
}

/// Prints `prompt` and reads a line into `buffer`, echoing it; without its end, and cut at the buffer's.
///
/// Backspace and delete erase. Only ASCII is taken, so the result is text.
pub fn readline<'a>(prompt: &str, buffer: &'a mut [u8]) -> &'a str {
    crate::cprintf!("{prompt}");
    let mut len = 0;
    loop {
        match getchar() {
            b'\r' | b'\n' => {
                cputchar(b'\n');
                break;
            }
            8 | 0x7f if len > 0 => {
                len -= 1;
                cputchar(8);
            }
            byte @ b' '..=b'~' if len < buffer.len() => {
                buffer[len] = byte;
                len += 1;
                cputchar(byte);
            }
            _ => {}
        }
    }
    str::from_utf8(&buffer[..len]).unwrap_or_default()
}
