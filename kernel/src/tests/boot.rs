//! Booting, and what a boot loader may say.

use std::sync::atomic::Ordering;

use abi::layout::PGSIZE;
use abi::{EnvId, NENV};

use super::files;
use super::machine::{CPUS, machine, record};
use super::program::spawn;
use crate::env::table;
use crate::mm::frame::{self, Frame, PageRef};
use crate::mm::kernel_map::{self, map_device};
use crate::mm::page_table;
use crate::x86::ports;
use crate::x86::qemu::Ending;
use crate::{boot, finish, memory, selftest, smp};

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
fn a_frame_is_free_if_all_of_it_is_memory() {
    let _machine = machine();
    // The lowest region of the map ends within the second of these frames; the hole for devices begins behind it.
    assert_eq!([0x9e, 0x9f].map(|number| memory::is_allocatable(Frame(number))), [true, false]);
}

#[test]
fn devices_lie_side_by_side() {
    let _machine = machine();
    let (first, second) = (0xfe00_0ff0, 0xfd00_0000);
    let [first_at, second_at] = [(first, 0x1011), (second, 1)].map(|(pa, len)| map_device(pa, len).unwrap());
    let mapped = |va| {
        let slot = page_table::slot(kernel_map::directory(), va).expect("its page table exists from the start");
        let word = slot.load(Ordering::Relaxed);
        // The processor sets accessed and dirty. Writable, not for programs, and nothing of it in a cache.
        assert_eq!((word % PGSIZE) & !0x60, 0x1b, "{va:#x}");
        word & !(PGSIZE - 1)
    };
    assert_eq!(first_at % PGSIZE, 0xff0);
    let pages = [first_at, first_at + 0x10, first_at + 0x1010, second_at].map(mapped);
    assert_eq!(pages, [first - 0xff0, first + 0x10, first + 0x1010, second]);
    // More than the window has, and more than there are addresses.
    assert_eq!(
        [(first, 0x80_0000), (first, u32::MAX - 0xff0), (first, u32::MAX)].map(|(pa, len)| map_device(pa, len)),
        [None; 3]
    );
}

#[test]
fn each_stack_has_a_hole_below() {
    let _machine = machine();
    let is_mapped = |va| page_table::lookup(kernel_map::directory(), va).is_some();
    for index in (0..8).chain([kernel_map::FAULT_STACK - 1, kernel_map::FAULT_STACK]) {
        let top = kernel_map::stack_top(index);
        let bottom = top - kernel_map::stack_size(index);
        assert!((bottom..top).step_by(PGSIZE as usize).all(is_mapped), "the stack of {index}");
        assert!(!is_mapped(bottom - PGSIZE), "below the stack of {index}");
    }
    let device = map_device(0xfe00_0000, 1).unwrap();
    assert!(device >= kernel_map::stack_top(kernel_map::FAULT_STACK), "a device lies among the stacks");
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

#[test]
fn what_an_audit_finds_before_the_end_is_not_forgotten() {
    let _machine = machine();
    // What is wrong with an env goes with it.
    record(spawn(EnvId::NONE)).parent_id.store(1, Ordering::Relaxed);
    assert_eq!(finish::close_the_books(), Ending::Audit);
    // Others have asked for lock reports.
    assert!(matches!(finish::close_the_books(), Ending::Good | Ending::LockReport));
}
