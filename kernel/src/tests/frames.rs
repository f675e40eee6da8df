//! Reference counts of frames.

use abi::layout::PGSIZE;
use abi::page::PteFlags;
use abi::{EnvId, Syscall};

use super::machine::{in_kernel, leave_frames, machine};
use super::program::{PU, start};
use crate::mm::frame::{self, PageRef};
use crate::mm::phys;
use crate::mm::space::Space;

#[test]
fn a_frame_is_free_when_its_last_reference_goes() {
    let _machine = machine();
    let before = frame::available();
    let page = PageRef::alloc().unwrap();
    let frame = page.frame();
    assert_eq!((frame::refs(frame), frame::available()), (1, before - 1));
    let entry = PageRef::share(frame).into_entry();
    assert_eq!((entry, frame::refs(frame)), (frame, 2));
    drop(page);
    assert_eq!((frame::refs(frame), frame::available()), (1, before - 1));
    phys::write(frame, 100, &[0xff; 4]);
    drop(PageRef::from_entry(entry));
    assert_eq!((frame::refs(frame), frame::available()), (0, before));
    // Last freed, first handed out; and a zeroed one is zero.
    let page = PageRef::alloc_zeroed().unwrap();
    let mut bytes = [1; PGSIZE as usize];
    phys::read(page.frame(), 0, &mut bytes);
    assert_eq!((page.frame(), bytes), (frame, [0; PGSIZE as usize]));
}

#[test]
fn race_17_references_are_counted_exactly_by_many_cpus() {
    let mut machine = machine();
    let page = PageRef::alloc().unwrap();
    let frame = page.frame();
    machine.parallel(4, |_| {
        for round in 0..20_000 {
            in_kernel(|| {
                let mine = PageRef::share(frame);
                let another = PageRef::share(frame);
                // Now this one goes first, now that one.
                if round % 2 == 0 {
                    drop(mine);
                }
                drop(another);
            });
        }
    });
    assert_eq!(frame::refs(frame), 1);
}

#[test]
fn race_17_the_last_of_many_cpus_frees_the_frame() {
    let mut machine = machine();
    for _ in 0..200 {
        let before = frame::available();
        let page = PageRef::alloc().unwrap();
        let frame = page.frame();
        (0..4).for_each(|_| {
            PageRef::share(frame).into_entry();
        });
        drop(page);
        machine.parallel(4, |_| in_kernel(|| drop(PageRef::from_entry(frame))));
        assert_eq!((frame::refs(frame), frame::available()), (0, before));
    }
}

#[test]
fn race_18_more_mappings_than_sixteen_bits_count() {
    let _machine = machine();
    let mut space = Space::new(EnvId(0x1000), EnvId::NONE).unwrap();
    let page = PageRef::alloc().unwrap();
    let frame = page.frame();
    phys::write(frame, 0, b"still here");
    let flags = PteFlags::P | PteFlags::U;
    for number in 0..66_000 {
        assert_eq!(space.map(number * PGSIZE, PageRef::share(frame), flags), Ok(()));
    }
    assert_eq!(frame::refs(frame), 66_001);
    drop(page);
    let before = frame::available();
    for number in 0..65_999 {
        space.unmap(number * PGSIZE);
    }
    assert_eq!((frame::refs(frame), frame::available()), (1, before));
    let mut bytes = [0; 10];
    phys::read(frame, 0, &mut bytes);
    assert_eq!(&bytes, b"still here");
    space.tear_down();
    assert_eq!(frame::refs(frame), 0);
}

#[test]
fn race_18_a_program_may_map_a_page_until_memory_ends() {
    let _machine = machine();
    let mut program = start();
    program.alloc(0x40_0000, 1);
    let hoard = leave_frames(3);
    let mut results = (0x100..).map(|number| program.call(Syscall::PageMap, &[0, 0x40_0000, 0, number << 22, PU]));
    // Each mapping needs a page table of its own.
    assert_eq!(results.by_ref().take_while(Result::is_ok).count(), 3);
    assert_eq!(results.next(), Some(Err(abi::Error::NoMem)));
    drop(hoard);
}
