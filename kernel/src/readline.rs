//! A line from the console.

#![allow(unsafe_code, reason = "gives the line reader the symbol at which JOS's graders set their breakpoint")]

use crate::{audit, console, print, x86};

/// The longest line; more is not accepted.
pub const MAX_LINE: usize = 1023;

/// Reads a line into `line` after printing the prompt, echoing; gives back how many bytes.
///
/// Its symbol is `readline`: reaching it tells JOS's graders that all output is out. Output is polled, so it is.
// The name is JOS's, and nothing else in the kernel has it.
#[unsafe(export_name = "readline")]
#[inline(never)]
pub extern "C" fn readline(prompt: &Prompt, line: &mut [u8; MAX_LINE]) -> usize {
    const BACKSPACE: u8 = 0x08;
    const DELETE: u8 = 0x7f;
    print!("{}", prompt.0);
    let mut len = 0;
    loop {
        match wait_for_byte() {
            BACKSPACE | DELETE => {
                if len > 0 {
                    print!("\x08 \x08");
                    len -= 1;
                }
            }
            b'\r' | b'\n' => {
                print!("\n");
                return len;
            }
            byte if byte >= b' ' && len < MAX_LINE => {
                console::write_bytes(&[byte]);
                line[len] = byte;
                len += 1;
            }
            _ => {}
        }
    }
}

/// What to print before a line is read.
pub struct Prompt(pub &'static str);

fn wait_for_byte() -> u8 {
    loop {
        audit::gate();
        match console::getc() {
            0 => x86::instr::pause(),
            byte => return byte,
        }
    }
}
