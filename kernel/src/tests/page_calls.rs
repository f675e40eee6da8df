//! `page_alloc`, `page_map`, `page_unmap`: what each answers, in the order of the checks.

use std::cell::Cell;
use std::rc::Rc;

use abi::layout::{PGSIZE, UTEMP, UTOP};
use abi::{EnvId, Error, Syscall};

use super::machine::{leave_frames, machine};
use super::program::{PU, PUW, peek, spawn, start};
use crate::env::table;
use crate::mm::{frame, page_table, phys};
use crate::x86::instr;

const VA: u32 = UTEMP;
const BAD_ADDRESSES: [u32; 6] = [VA + 1, VA + 0xfff, UTOP, UTOP + PGSIZE, 0xf000_0000, u32::MAX];
/// No P, no U, reserved bits, bits that are the CPU's.
const BAD_RIGHTS: [u32; 7] = [0, 1, 4, PUW | 0x8, PUW | 0x20, PUW | 0x100, PUW | 0x1000];
/// With each of the bits that are the program's, and without W.
const GOOD_RIGHTS: [u32; 4] = [PU, PUW, PUW | 0xe00, PU | 0x800];

#[test]
fn unknown_calls_are_invalid() {
    let _machine = machine();
    let mut program = start();
    for number in [13, 14, 100, u32::MAX] {
        assert_eq!(program.call_number(number, &[]), Err(Error::Inval));
    }
    assert_eq!(program.call(Syscall::Getenvid, &[]), Ok(program.id.0));
}

#[test]
fn page_alloc_gives_zeros_in_place_of_what_was_there() {
    let _machine = machine();
    let mut program = start();
    for rights in GOOD_RIGHTS {
        assert_eq!(program.call(Syscall::PageAlloc, &[0, VA, rights]), Ok(0));
    }
    assert_eq!(program.call(Syscall::PageAlloc, &[program.id.0, VA, PUW]), Ok(0));
    program.poke(VA, b"written");
    let before = frame::available();
    assert_eq!(program.call(Syscall::PageAlloc, &[0, VA, PUW]), Ok(0));
    assert_eq!((program.peek(VA), frame::available()), ([0; 7], before));
}

#[test]
fn page_alloc_refuses() {
    let _machine = machine();
    let mut program = start();
    let stranger = spawn(EnvId::NONE);
    for env in [stranger.0, program.id.0 + 0x1000, 0x7777_7000 | 5, u32::MAX, 1] {
        // The env comes first.
        assert_eq!(program.call(Syscall::PageAlloc, &[env, 1, 0]), Err(Error::BadEnv), "{env:x}");
    }
    let frames = frame::available();
    for va in BAD_ADDRESSES {
        assert_eq!(program.call(Syscall::PageAlloc, &[0, va, PUW]), Err(Error::Inval), "{va:x}");
    }
    for rights in BAD_RIGHTS {
        assert_eq!(program.call(Syscall::PageAlloc, &[0, VA, rights]), Err(Error::Inval), "{rights:x}");
    }
    assert_eq!(frame::available(), frames);
}

#[test]
fn page_alloc_without_memory_changes_nothing() {
    let _machine = machine();
    let mut program = start();
    for left in [0, 1] {
        let hoard = leave_frames(left);
        assert_eq!(program.call(Syscall::PageAlloc, &[0, VA, PUW]), Err(Error::NoMem));
        assert_eq!(frame::available(), left);
        drop(hoard);
    }
    let hoard = leave_frames(2);
    assert_eq!(program.call(Syscall::PageAlloc, &[0, VA, PUW]), Ok(0));
    // A page is taken before the old one is given back, so the last one can't be replaced.
    program.poke(VA, b"kept");
    assert_eq!(program.call(Syscall::PageAlloc, &[0, VA, PUW]), Err(Error::NoMem));
    assert_eq!(program.peek(VA), *b"kept");
    drop(hoard);
}

#[test]
fn page_map_shares_one_frame() {
    let _machine = machine();
    let mut parent = start();
    let child = spawn(parent.id);
    parent.alloc(VA, 1);
    assert_eq!(parent.call(Syscall::PageMap, &[0, VA, child.0, VA + PGSIZE, PUW]), Ok(0));
    parent.poke(VA, b"shared");
    assert_eq!(peek(child, VA + PGSIZE), Some(*b"shared"));
    // Back from the child, and within the child.
    assert_eq!(parent.call(Syscall::PageMap, &[child.0, VA + PGSIZE, 0, VA + PGSIZE, PU]), Ok(0));
    assert_eq!(parent.call(Syscall::PageMap, &[child.0, VA + PGSIZE, child.0, VA, PU]), Ok(0));
    assert_eq!((parent.peek(VA + PGSIZE), peek(child, VA)), (*b"shared", Some(*b"shared")));
}

#[test]
fn page_map_onto_itself_changes_only_the_rights() {
    let _machine = machine();
    let mut program = start();
    program.alloc(VA, 1);
    program.poke(VA, b"mine");
    let frames = frame::available();
    assert_eq!(program.call(Syscall::PageMap, &[0, VA, 0, VA, PU | 0x800]), Ok(0));
    assert_eq!((program.peek(VA), frame::available()), (*b"mine", frames));
    // It is read-only now, so W is refused from here on.
    assert_eq!(program.call(Syscall::PageMap, &[0, VA, 0, VA, PUW]), Err(Error::Inval));
}

#[test]
fn race_13_pages_are_mapped_both_ways() {
    let _machine = machine();
    let mut parent = start();
    let (one, two) = (spawn(parent.id), spawn(parent.id));
    for child in [one, two] {
        assert_eq!(parent.call(Syscall::PageAlloc, &[child.0, VA, PUW]), Ok(0));
    }
    // The locks are taken by slot, whichever env is the source; the lock checker watches.
    for (source, target) in [(one, two), (two, one), (one, one), (EnvId::NONE, two), (two, EnvId::NONE)] {
        let mapped = parent.call(Syscall::PageMap, &[source.0, VA, target.0, VA + 2 * PGSIZE, PUW]);
        assert_eq!(mapped, if source == EnvId::NONE { Err(Error::Inval) } else { Ok(0) });
    }
}

#[test]
fn page_map_refuses() {
    let _machine = machine();
    let mut parent = start();
    let (child, stranger) = (spawn(parent.id), spawn(EnvId::NONE));
    let grandchild = spawn(child);
    parent.alloc(VA, 1);
    let reused = EnvId(child.0 + 0x1000);
    for bad in [stranger, grandchild, reused] {
        for (source, target) in [(bad, EnvId::NONE), (EnvId::NONE, bad), (bad, child), (child, bad), (bad, bad)] {
            let answer = parent.call(Syscall::PageMap, &[source.0, 1, target.0, 1, 0]);
            assert_eq!(answer, Err(Error::BadEnv), "{source} to {target}");
        }
    }
    let mut map = |from, to, rights| parent.call(Syscall::PageMap, &[0, from, child.0, to, rights]);
    for va in BAD_ADDRESSES {
        assert_eq!((map(va, VA, PUW), map(VA, va, PUW)), (Err(Error::Inval), Err(Error::Inval)), "{va:x}");
    }
    for rights in BAD_RIGHTS {
        assert_eq!(map(VA, VA, rights), Err(Error::Inval), "{rights:x}");
    }
    // Not mapped; and not without a page table either.
    assert_eq!((map(VA + PGSIZE, VA, PU), map(0, VA, PU)), (Err(Error::Inval), Err(Error::Inval)));
    // Read-only pages stay read-only.
    assert_eq!(map(VA, VA, PU), Ok(0));
    assert_eq!(parent.call(Syscall::PageMap, &[child.0, VA, 0, VA + PGSIZE, PUW]), Err(Error::Inval));
    assert_eq!(parent.call(Syscall::PageMap, &[child.0, VA, 0, VA + PGSIZE, PU]), Ok(0));
    // No frame for a page table.
    let hoard = leave_frames(0);
    assert_eq!(parent.call(Syscall::PageMap, &[0, VA, child.0, 0x5000_0000, PU]), Err(Error::NoMem));
    drop(hoard);
}

#[test]
fn page_unmap_forgives_what_is_not_there() {
    let _machine = machine();
    let mut parent = start();
    let (child, stranger) = (spawn(parent.id), spawn(EnvId::NONE));
    parent.alloc(VA, 1);
    let frames = frame::available();
    for va in [VA, VA, VA + PGSIZE, 0, UTOP - PGSIZE] {
        assert_eq!(parent.call(Syscall::PageUnmap, &[0, va]), Ok(0));
    }
    assert_eq!(frame::available(), frames + 1);
    assert_eq!(parent.call(Syscall::PageUnmap, &[child.0, VA]), Ok(0));
    for va in BAD_ADDRESSES {
        assert_eq!(parent.call(Syscall::PageUnmap, &[0, va]), Err(Error::Inval), "{va:x}");
    }
    assert_eq!(parent.call(Syscall::PageUnmap, &[stranger.0, 1]), Err(Error::BadEnv));
}

#[test]
fn race_41_a_page_is_zero_before_it_is_mapped() {
    let _machine = machine();
    let mut program = start();
    program.alloc(UTEMP, 2);
    // Last freed, first handed out, and not zero.
    program.poke(UTEMP + PGSIZE, &[0xff; 4]);
    assert_eq!(program.call(Syscall::PageUnmap, &[0, UTEMP + PGSIZE]), Ok(0));
    let directory = table::env(program.id.slot()).space.lock().directory();
    let seen = Rc::new(Cell::new(None));
    let seen_at_flush = seen.clone();
    // The entry is the new one by then, and other CPUs have perhaps seen it.
    instr::at_next_flush(move || {
        let mut word = [0; 4];
        phys::read(page_table::lookup(directory, UTEMP).expect("it is mapped").frame, 0, &mut word);
        seen_at_flush.set(Some(word));
    });
    program.alloc(UTEMP, 1);
    assert_eq!(seen.get(), Some([0; 4]));
}
