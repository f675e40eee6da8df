//! What is typed: keys, and lines for the monitor.

use std::thread;

use super::machine::{machine, until};
use crate::console;
use crate::readline::{MAX_LINE, Prompt, readline};
use crate::x86::ports;

/// Reads the line that is typed, and what is shown meanwhile.
fn line() -> (String, String) {
    let mut line = [0; MAX_LINE];
    ports::take_output();
    let len = readline(&Prompt("? "), &mut line);
    (String::from_utf8(line[..len].to_vec()).unwrap(), ports::take_output())
}

#[test]
fn a_line_can_be_corrected() {
    const RUB: &str = "\x08 \x08";
    let _machine = machine();
    // Both keys, and neither where there is nothing; a control character is none of the line's.
    ports::type_on_line(b"\x08\x7fab\x7fc\x01d\x08\x08\x08\x08\x7fx\rnext\n");
    assert_eq!(line(), ("x".to_owned(), format!("? ab{RUB}cd{RUB}{RUB}{RUB}x\n")));
    assert_eq!(line(), ("next".to_owned(), "? next\n".to_owned()));
}

#[test]
fn what_a_line_has_no_room_for_is_not_shown() {
    const PART: usize = 100;
    let _machine = machine();
    let typist = thread::spawn(|| {
        let mut shown = String::new();
        // The ring has no room for all at once.
        for typed in (PART..MAX_LINE).step_by(PART) {
            ports::type_on_line(&[b'y'; PART]);
            until(|| {
                shown += &ports::take_output();
                shown.ends_with(&"y".repeat(typed)).then_some(())
            });
        }
        ports::type_on_line(&[b'z'; PART]);
        ports::type_on_line(b"\n");
    });
    let (line, rest) = line();
    typist.join().unwrap();
    let parts = MAX_LINE / PART * PART;
    assert_eq!(line, "y".repeat(parts) + &"z".repeat(MAX_LINE - parts));
    assert!(rest.ends_with(&("z".repeat(MAX_LINE - parts) + "\n")));
}

#[test]
fn keys_mean_what_they_mean_together() {
    let _machine = machine();
    let pressed = |codes: &[u8]| {
        ports::press(codes);
        core::iter::from_fn(|| Some(console::getc()).filter(|&byte| byte != 0)).collect::<Vec<u8>>()
    };
    const HOME: u8 = 0xe0;
    assert_eq!(pressed(&[0x1e, 0x9e, 0x2a, 0x1e, 0x9e, 0xaa, 0x1e, 0x9e]), b"aAa");
    // With the keys between the blocks a keyboard sends a shift that nobody presses.
    assert_eq!(pressed(&[0xe0, 0x2a, 0xe0, 0x47, 0x1e, 0x9e, 0xe0, 0xc7, 0xe0, 0xaa]), [HOME, b'a']);
    // Caps lock is for letters, and shift takes it back.
    assert_eq!(pressed(&[0x3a, 0xba, 0x1e, 0x02, 0x36, 0x1e, 0x02, 0xb6, 0x3a, 0xba, 0x1e]), b"A1a!a");
    // Control, on either side; what is no letter is nothing with it.
    assert_eq!(pressed(&[0x1d, 0x1e, 0x2b, 0x02, 0x9d, 0xe0, 0x1d, 0x10, 0xe0, 0x9d, 0x10]), [1, 0x1c, 0x11, b'q']);
}
