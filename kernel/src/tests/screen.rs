//! The text screen, as its memory and its controller have it.

use super::machine::machine;
use crate::console;
use crate::mm::frame::Frame;
use crate::mm::phys;
use crate::x86::ports;

const MEMORY: usize = 0xb_8000;
const COLUMNS: usize = 80;
const LINES: usize = 25;
/// Grey on black.
const ATTRIBUTE: u8 = 7;

/// What is shown, without blanks at the ends of lines; and the cursor's column and line.
fn screen() -> (Vec<String>, (usize, usize)) {
    let (first, cursor) = (ports::screen_register(0x0c), ports::screen_register(0x0e));
    let line = |line: usize| {
        let cells = first + line * COLUMNS..first + (line + 1) * COLUMNS;
        let text: String = cells.map(cell).collect();
        text.trim_end().to_owned()
    };
    ((0..LINES).map(line).collect(), ((cursor - first) % COLUMNS, (cursor - first) / COLUMNS))
}

fn cell(index: usize) -> char {
    let (address, mut bytes) = (MEMORY + index * 2, [0; 2]);
    let frame = Frame::containing(address as u32).expect("in the first MiB");
    phys::read(frame, address % 4096, &mut bytes);
    assert_eq!(bytes[1], ATTRIBUTE, "the colour of cell {index}");
    char::from(bytes[0])
}

/// Empties the screen, whatever was on it before the kernel was.
fn clear() {
    console::write_bytes("\n".repeat(2 * LINES).as_bytes());
}

#[test]
fn the_screen_shows_the_last_lines() {
    let _machine = machine();
    clear();
    let mut expected = vec![String::new(); LINES];
    // More than screen memory holds, more than once.
    for number in 0..500 {
        let text = format!("{number} {}", "-".repeat(1 + number % COLUMNS / 2));
        console::write_bytes(format!("{text}\n").as_bytes());
        expected.insert(LINES - 1, text);
        expected.remove(0);
        assert_eq!(screen(), (expected.clone(), (0, LINES - 1)));
    }
}

#[test]
fn what_is_no_character_moves_the_cursor() {
    let _machine = machine();
    let shown = |text: &str| {
        clear();
        console::write_bytes(text.as_bytes());
        let (lines, cursor) = screen();
        (lines[LINES - 2].clone(), lines[LINES - 1].clone(), cursor.0)
    };
    let line = |text: &str| (String::new(), text.to_owned(), text.len());
    assert_eq!(shown("one\ttwo"), line("one     two"));
    assert_eq!(shown("one two\x08\x08\x08ree"), line("one ree"));
    assert_eq!(shown("one two\x08\x08\x08"), (String::new(), "one".to_owned(), 4));
    assert_eq!(shown("one\rtwo"), line("two"));
    let (long, rest) = ("x".repeat(COLUMNS), "y".to_owned());
    assert_eq!(shown(&(long.clone() + &rest)), (long.clone(), rest, 1));
    // Back into the line before.
    assert_eq!(shown(&(long.clone() + "\x08")), (long[1..].to_owned(), String::new(), COLUMNS - 1));
}
