//! Poison: what is written after it was freed is found by the next owner, and by an audit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;

use abi::layout::UTEMP;
use abi::page::PteFlags;
use abi::{EnvId, NENV};

use super::machine::machine;
use super::program::start;
use crate::env::{exit, table};
use crate::mm::frame::{self, Frame, PageRef};
use crate::mm::phys;
use crate::mm::space::Space;
use crate::x86::ports;
use crate::{audit, poison};

/// What the panic said.
fn panics(act: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(act)).expect_err("it has to panic");
    payload.downcast_ref::<String>().expect("a message").clone()
}

fn freed() -> Frame {
    let page = PageRef::alloc().unwrap();
    page.frame()
}

fn write(frame: Frame, index: usize, value: u32) {
    phys::table(frame)[index].store(value, Ordering::Relaxed);
}

#[test]
fn a_freed_frame_is_filled_and_a_write_to_it_is_found_by_the_next_owner() {
    let _machine = machine();
    let program = start();
    let frame = freed();
    assert!(phys::table(frame).iter().all(|word| word.load(Ordering::Relaxed) == poison::WORD));
    write(frame, 1023, 0x1234);
    let said = panics(|| drop(PageRef::alloc()));
    let expected = format!(
        "frame {:#x} was written to after it was freed: 0x1234 at offset 0xffc, freed by CPU 0 while it ran the env in slot {}\nPOISON ",
        frame.0,
        program.id.slot()
    );
    assert!(said.starts_with(&expected), "{said}");
    // It was in nobody's hands when that was found.
    write(frame, 1023, poison::WORD);
    frame::pool().give(frame.0);
}

#[test]
fn an_audit_finds_a_write_to_a_frame_that_nobody_has_taken_yet() {
    let _machine = machine();
    let frame = freed();
    write(frame, 0, 7);
    ports::take_output();
    assert!(!audit::at_end());
    let expected = format!("AUDITFAULT kind=poison frame={:#x} offset=0x0 value=0x7\n", frame.0);
    assert!(ports::take_output().contains(&expected));
    write(frame, 0, poison::WORD);
}

#[test]
fn page_tables_and_directories_are_filled_too() {
    let _machine = machine();
    let mut space = Space::new(EnvId(0x1000), EnvId::NONE).unwrap();
    let rights = PteFlags::P | PteFlags::U;
    assert_eq!(space.map(UTEMP, PageRef::alloc_zeroed().unwrap(), rights), Ok(()));
    let directory = space.directory();
    let table = Frame::containing(phys::table(directory)[UTEMP as usize >> 22].load(Ordering::Relaxed)).unwrap();
    space.tear_down();
    for frame in [directory, table] {
        assert!(phys::table(frame).iter().all(|word| word.load(Ordering::Relaxed) == poison::WORD));
    }
    // Whoever walks it still finds nothing there.
    assert_eq!(crate::mm::page_table::lookup(directory, UTEMP), None);
}

#[test]
fn a_write_to_a_freed_slot_is_found() {
    let _machine = machine();
    let id = table::alloc(EnvId::NONE).unwrap();
    exit::destroy(table::env(id.slot()).life.lock(), EnvId::NONE);
    let word = &table::record(id.slot()).tf[3];
    assert_eq!(word.load(Ordering::Relaxed), poison::WORD);
    word.store(5, Ordering::Relaxed);
    let said = panics(|| assert!(table::alloc(EnvId::NONE).is_ok()));
    let expected = format!("env slot {} was written to after it was freed: 0x5 at offset 0xc", id.slot());
    assert!(said.starts_with(&expected), "{said}");
    table::give_back(id.slot());
    assert_eq!(table::available(), NENV);
}
