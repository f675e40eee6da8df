//! Booting, and what a boot loader may say.

use abi::NENV;

use super::files;
use super::machine::{CPUS, machine};
use crate::env::table;
use crate::mm::frame::{self, PageRef};
use crate::x86::ports;
use crate::{boot, finish, selftest, smp};

#[test]
fn boots() {
    let _machine = machine();
    assert_eq!(smp::count(), CPUS);
    assert_eq!(frame::count(), files::MEMORY as usize / 4096);
    assert_eq!(table::available(), NENV);
    assert_eq!(boot::programs().collect::<Vec<_>>(), ["hello", "hello:one:two"]);
    let names: Vec<_> = boot::files().map(|file| file.name).collect();
    assert_eq!(names, ["hello", "damaged", "kernel.sym"]);
}

#[test]
fn selftests_succeed_and_the_books_are_right() {
    let _machine = machine();
    selftest::memory();
    assert!(finish::books());
    let output = ports::take_output();
    let lines: Vec<_> = output.lines().collect();
    assert_eq!(lines.len(), 7, "{output}");
    assert!(lines[..6].iter().all(|line| line.starts_with("check_") && line.ends_with(" succeeded!")), "{output}");
    assert!(lines[6].starts_with("audit: ok, "), "{output}");
}

#[test]
fn the_books_show_what_is_missing_and_what_is_too_many() {
    let _machine = machine();
    let page = PageRef::alloc();
    assert!(!finish::books(), "a frame is in use");
    drop(page);
    let slot = table::pool().take().unwrap();
    assert!(!finish::books(), "a slot is in use");
    table::pool().give(slot);
    // The kernel's own: it was not free at boot.
    frame::pool().give(0);
    assert!(!finish::books(), "a frame is free that was not");
    assert_eq!(frame::pool().take(), Some(0));
    assert!(finish::books());
}
