//! Checking and copying a program's memory.

use abi::EnvId;
use abi::layout::{KERNBASE, PGSIZE, UENVS, ULIM, UTEMP, UTOP, UVPT, UXSTACKTOP};
use abi::page::PteFlags;

use super::machine::machine;
use crate::mm::frame::PageRef;
use crate::mm::space::Space;
use crate::mm::user_mem::{self, BadAddress};

const READ: PteFlags = PteFlags::empty();
const WRITE: PteFlags = PteFlags::W;

/// Two writable pages at UTEMP, a hole, a read-only page; and the last page below UTOP.
fn space() -> Space {
    let mut space = Space::new(EnvId(0x1000), EnvId::NONE).unwrap();
    let rights = PteFlags::P | PteFlags::U;
    let pages = [(UTEMP, rights | WRITE), (UTEMP + PGSIZE, rights | WRITE), (UTEMP + 3 * PGSIZE, rights)];
    for (va, flags) in pages.into_iter().chain([(UXSTACKTOP - PGSIZE, rights | WRITE)]) {
        assert_eq!(space.map(va, PageRef::alloc_zeroed().unwrap(), flags), Ok(()));
    }
    space
}

#[test]
fn the_first_bad_address_is_named() {
    let _machine = machine();
    let space = space();
    let check = |va, len, flags| user_mem::check(&space, va, len, flags).map_err(|BadAddress(va)| va);
    let hole = UTEMP + 2 * PGSIZE;
    assert_eq!(check(UTEMP, 2 * PGSIZE, WRITE), Ok(()));
    assert_eq!(check(UTEMP + 1, 2 * PGSIZE - 1, WRITE), Ok(()));
    // The start of the first bad page...
    assert_eq!(check(UTEMP + 1, 2 * PGSIZE, WRITE), Err(hole));
    assert_eq!(check(UTEMP + 1, u32::MAX, READ), Err(hole));
    // ...or the address itself, if its own page is bad.
    assert_eq!(check(hole + 5, 1, READ), Err(hole + 5));
    assert_eq!(check(1, 1, READ), Err(1));
    assert_eq!(check(hole + PGSIZE, PGSIZE, READ), Ok(()));
    assert_eq!(check(hole + PGSIZE + 7, 1, WRITE), Err(hole + PGSIZE + 7));
    space.tear_down();
}

#[test]
fn no_length_wraps_round() {
    let _machine = machine();
    let space = space();
    let check = |va, len, flags| user_mem::check(&space, va, len, flags).map_err(|BadAddress(va)| va);
    assert_eq!(check(UTEMP, u32::MAX - UTEMP + 1, READ), Err(UTEMP + 2 * PGSIZE));
    assert_eq!(check(u32::MAX, 1, READ), Err(u32::MAX));
    assert_eq!(check(u32::MAX, u32::MAX, READ), Err(u32::MAX));
    assert_eq!(check(0xffff_f000, 0x1000, READ), Err(0xffff_f000));
    assert_eq!(check(0xffff_f000, 0x1001, READ), Err(0xffff_f000));
    space.tear_down();
}

#[test]
fn the_windows_above_utop_are_readable_and_the_kernel_is_not() {
    let _machine = machine();
    let space = space();
    let check = |va, len, flags| user_mem::check(&space, va, len, flags).map_err(|BadAddress(va)| va);
    assert_eq!(check(UENVS, 31 * PGSIZE, READ), Ok(()));
    assert_eq!(check(UENVS, 31 * PGSIZE + 1, READ), Err(UENVS + 31 * PGSIZE));
    assert_eq!(check(UENVS, 1, WRITE), Err(UENVS));
    assert_eq!(check(UTOP - 4, 8, READ), Ok(()));
    assert_eq!(check(UTOP - 4, 8, WRITE), Err(UTOP));
    assert_eq!(check(ULIM, 1, READ), Err(ULIM));
    assert_eq!(check(ULIM - 1, 1, READ), Err(ULIM - 1), "no page tables for devices show up here");
    // Where the kernel's tables would be among the page tables, the processor shows them to the kernel alone.
    let tables = UVPT + (KERNBASE >> 10);
    assert_eq!(check(tables, 4, READ), Err(tables));
    assert_eq!(check(UVPT + (UTEMP >> 10), 4, READ), Ok(()));
    assert_eq!(check(0xf010_0000, 4, READ), Err(0xf010_0000));
    space.tear_down();
}

#[test]
fn nothing_is_checked_where_there_is_nothing() {
    let _machine = machine();
    let space = space();
    // A length of 0 touches no page, wherever it is. (JOS's own loop looks at one, if it is not at the start of it.)
    for va in [0, UTEMP, UTEMP + 2 * PGSIZE, UTEMP + 2 * PGSIZE + 5, 0xffff_f000, u32::MAX] {
        assert_eq!(user_mem::check(&space, va, 0, WRITE), Ok(()));
    }
    space.tear_down();
}

#[test]
fn copies_cross_pages_and_stop_at_holes() {
    let _machine = machine();
    let space = space();
    let text: Vec<u8> = (0..200).collect();
    let at = UTEMP + PGSIZE - 100;
    assert_eq!(user_mem::write(&space, at, &text), Ok(()));
    let mut back = [0; 200];
    assert_eq!(user_mem::read(&space, at, &mut back), Ok(()));
    assert_eq!(back, text[..]);
    let near_hole = UTEMP + 2 * PGSIZE - 10;
    assert_eq!(user_mem::write(&space, near_hole, &text), Err(BadAddress(UTEMP + 2 * PGSIZE)));
    assert_eq!(user_mem::write(&space, UTEMP + 3 * PGSIZE, &text), Err(BadAddress(UTEMP + 3 * PGSIZE)));
    assert_eq!(user_mem::read(&space, u32::MAX - 1, &mut back), Err(BadAddress(u32::MAX - 1)));
    space.tear_down();
}
