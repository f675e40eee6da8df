//! The serial line, with each kind of chip.

use super::machine::machine;
use crate::console;
use crate::x86::ports::{self, Chip};
use crate::x86::serial;

#[test]
fn each_chip_gets_no_more_than_it_holds() {
    let _machine = machine();
    let text: String = (' '..='~').cycle().take(1000).collect();
    let seen = [Chip::Single, Chip::Absent, Chip::Queues].map(|chip| {
        ports::set_chip(chip);
        let there = serial::init();
        ports::take_output();
        ports::type_on_line(b"x");
        console::write_bytes(text.as_bytes());
        // What nobody can have typed is read from no chip.
        let typed = console::getc();
        (there, ports::take_output(), typed)
    });
    // The last of the three is the machine's own; it has what was typed for the one that was not there.
    assert_eq!(console::getc(), b'x');
    assert_eq!(seen, [(true, text.clone(), b'x'), (false, String::new(), 0), (true, text, b'x')]);
    assert_eq!(ports::line(), (3, 12), "eight bits, no parity, 9600 baud");
}
