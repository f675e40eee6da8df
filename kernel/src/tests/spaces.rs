//! Address spaces: that changing one loses no frame, whatever fails.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::atomic::Ordering;

use abi::layout::{KERNBASE, PGSIZE, UENVS, UTEMP, UTOP, UVPT};
use abi::page::{PteFlags, pdx};
use abi::{EnvId, Error};

use super::machine::{leave_frames, machine};
use crate::mm::frame::{self, PageRef};
use crate::mm::page_table::Entry;
use crate::mm::phys;
use crate::mm::space::Space;
use crate::x86::{instr, registers};

const RIGHTS: PteFlags = PteFlags::P.union(PteFlags::U).union(PteFlags::W);
const OWNER: EnvId = EnvId(0x1005);

fn space() -> Space {
    Space::new(OWNER, EnvId::NONE).unwrap()
}

fn page() -> PageRef {
    PageRef::alloc_zeroed().unwrap()
}

#[test]
fn a_new_space_has_the_kernels_part_and_itself() {
    let _machine = machine();
    let space = space();
    assert_eq!(space.lookup(0), None);
    assert_eq!(space.lookup(UTOP - PGSIZE), None);
    let read_only = PteFlags::P | PteFlags::U;
    assert_eq!(space.lookup(UENVS).map(|entry| entry.flags), Some(read_only));
    // The directory, at its place among the page tables, is readable but not writable.
    let itself = space.lookup(UVPT + (UVPT >> 10)).unwrap();
    assert_eq!((itself.frame, itself.flags), (space.directory(), read_only));
    // 4 MiB pages are the kernel's own.
    assert_eq!(space.lookup(KERNBASE), None);
    space.tear_down();
}

#[test]
fn mapping_replacing_and_unmapping_count_references() {
    let _machine = machine();
    let mut space = space();
    let (one, two) = (page(), page());
    let (a, b) = (one.frame(), two.frame());
    assert_eq!(space.map(UTEMP, one, RIGHTS), Ok(()));
    assert_eq!(space.map(UTEMP + PGSIZE, PageRef::share(a), PteFlags::P | PteFlags::U), Ok(()));
    assert_eq!(space.lookup(UTEMP + PGSIZE), Some(Entry { frame: a, flags: PteFlags::P | PteFlags::U }));
    assert_eq!(frame::refs(a), 2);
    assert_eq!(space.map(UTEMP, two, RIGHTS), Ok(()));
    assert_eq!((frame::refs(a), frame::refs(b)), (1, 1));
    // Onto itself, with other rights.
    assert_eq!(space.map(UTEMP, PageRef::share(b), PteFlags::P | PteFlags::U | PteFlags::COW), Ok(()));
    assert_eq!(frame::refs(b), 1);
    space.unmap(UTEMP);
    space.unmap(UTEMP);
    assert_eq!((frame::refs(b), space.lookup(UTEMP)), (0, None));
    // Where there is not even a page table.
    space.unmap(UTEMP + (64 << 22));
    space.tear_down();
    assert_eq!(frame::refs(a), 0);
}

#[test]
fn tearing_down_gives_every_frame_back() {
    let _machine = machine();
    let before = frame::available();
    let mut space = space();
    for va in [0, UTEMP, UTEMP + PGSIZE, 0x80_0000, 0x1234_5000, UTOP - 2 * PGSIZE, UTOP - PGSIZE] {
        assert_eq!(space.map(va, page(), RIGHTS), Ok(()));
    }
    // The directory, five page tables, seven pages.
    assert_eq!(frame::available(), before - 13);
    space.tear_down();
    assert_eq!(frame::available(), before);
}

#[test]
fn without_a_frame_for_the_page_table_nothing_changes() {
    let _machine = machine();
    let mut space = space();
    let hoard = leave_frames(1);
    assert_eq!(space.map(UTEMP, page(), RIGHTS), Err(Error::NoMem));
    assert_eq!((space.lookup(UTEMP), frame::available()), (None, 1));
    // With two frames it works; the next page in the same table needs but one.
    drop(hoard);
    let hoard = leave_frames(3);
    assert_eq!(space.map(UTEMP, page(), RIGHTS), Ok(()));
    assert_eq!(space.map(UTEMP + PGSIZE, page(), RIGHTS), Ok(()));
    assert_eq!(frame::available(), 0);
    assert!(Space::new(EnvId(0x2000), EnvId::NONE).is_none());
    drop(hoard);
    space.tear_down();
}

#[test]
fn nothing_maps_a_page_for_an_evicted_space() {
    let _machine = machine();
    let mut place = space();
    assert!(place.answers_to(OWNER, OWNER) && !place.answers_to(OWNER, EnvId(0x1001)));
    let evicted = place.evict();
    assert_eq!((place.owner(), evicted.owner()), (EnvId::NONE, OWNER));
    assert!(!place.answers_to(OWNER, OWNER) && !place.answers_to(EnvId::NONE, EnvId::NONE));
    assert_eq!(place.lookup(UENVS), None);
    evicted.tear_down();
}

#[test]
fn race_19_translations_are_dropped_before_frames() {
    let _machine = machine();
    let program = super::program::start();
    let flushes = || registers::mine().flushes.load(Ordering::SeqCst);
    let mut space = crate::env::table::env(program.id.slot()).space.lock();
    let before = flushes();
    assert_eq!(space.map(UTEMP, page(), RIGHTS), Ok(()));
    assert_eq!(flushes(), before, "what was not present is in no TLB");
    assert_eq!(space.map(UTEMP, page(), RIGHTS), Ok(()));
    let (seen, frame) = (Rc::new(Cell::new(0)), space.lookup(UTEMP).expect("it was mapped").frame);
    let seen_at_flush = seen.clone();
    instr::at_next_flush(move || seen_at_flush.set(frame::refs(frame)));
    space.unmap(UTEMP);
    assert_eq!(flushes(), before + 2);
    assert_eq!((seen.get(), frame::refs(frame)), (1, 0), "references at the flush, and after it");
}

/// Programs see the word, and for a page it is 0.
#[test]
fn a_frame_that_was_a_page_table_is_as_any_other() {
    let _machine = machine();
    let mut space = space();
    assert_eq!(space.map(UTEMP, page(), RIGHTS), Ok(()));
    let directory = space.directory();
    let table = Entry::decode(phys::table(directory)[pdx(UTEMP)].load(Ordering::Relaxed)).expect("made for the page");
    let chunks = || [directory, table.frame].map(|frame| frame::chunks(frame).load(Ordering::Relaxed));
    assert!(chunks().iter().all(|&used| used != 0));
    space.tear_down();
    assert_eq!(chunks(), [0; 2]);
}
