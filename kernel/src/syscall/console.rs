//! `cputs` and `cgetc`.

use abi::page::PteFlags;

use crate::env::Current;
use crate::mm::user_mem;
use crate::syscall::{Reply, Result};
use crate::{console, monitor};

/// What is copied and printed at once. A string up to this long never mixes with others; JOS's `cprintf` sends 255 bytes.
const CHUNK: usize = 512;

/// Prints `len` bytes at `va`, up to the first NUL. All of them must be readable, NUL or not, before any is printed.
///
/// Locks: the env's vm lock to check and to copy, the console's to print, one after the other: a parent that changes the
/// child's memory does not wait for the serial line.
pub(super) fn cputs(current: &Current<'_>, va: u32, len: u32) -> Result<Reply> {
    user_mem::check(&current.space(), va, len, PteFlags::empty())?;
    let mut chunk = [0; CHUNK];
    let mut done = 0;
    while done < len {
        let size = (len - done).min(CHUNK as u32) as usize;
        user_mem::read(&current.space(), va + done, &mut chunk[..size])?;
        let text = chunk[..size].split(|&byte| byte == 0).next().unwrap_or_default();
        // The serial line is slow.
        current.env().space.assert_not_held();
        console::write_bytes(text);
        if text.len() < size {
            break;
        }
        done += size as u32;
    }
    Ok(Reply::Same(0))
}

/// The next input byte, or 0. In JOS nobody makes a call while the monitor is entered; here others run on, and must not take
/// the end of a command away from it.
pub(super) fn cgetc() -> Result<Reply> {
    let byte = if monitor::is_busy() { 0 } else { console::getc() };
    Ok(Reply::Same(u32::from(byte)))
}
