//! Self-tests, run at every boot: JOS's `check_page_free_list` and its sisters, and the lock checker's.
//!
//! They go through public doors only, and each gives back what it took. They run before the other CPUs start.

use abi::layout::{KERNBASE, KSTACKTOP, MMIOBASE, MPENTRY_PADDR, PGSIZE, PTSIZE, UENVS, UPAGES, UTEMP, UVPT};
use abi::page::{PageInfo, PteFlags, pdx};
use abi::{EnvId, EnvRecord, Error, NENV};
use sync::{Machine, order};

use crate::cpu::This;
use crate::mm::frame::{self, Frame, PageRef};
use crate::mm::page_table::{self, Entry};
use crate::mm::space::Space;
use crate::mm::{kernel_map, phys};
use crate::{env, println};

const RIGHTS: PteFlags = PteFlags::P.union(PteFlags::U).union(PteFlags::W);

/// Runs the tests that need the kernel's map loaded, in JOS's order.
///
/// # Panics
/// When one of them fails.
pub fn memory() {
    page_free_list();
    page_alloc();
    page_fill();
    page();
    kern_pgdir();
    page_free_list();
    page_installed_pgdir();
}

/// Tests the checker of locks, in builds that have it.
///
/// # Panics
/// When it makes a wrong report, or misses one.
pub fn lock_checker() {
    let since = This::ticks();
    match order::selftest::<This>() {
        Ok(order::Tally { cells, .. }) => {
            let us = This::micros(This::ticks().wrapping_sub(since).into());
            if cells > 0 {
                println!("check_lock_checker() succeeded: {cells} cells in {us} us");
            }
        }
        Err(due) => panic!("the lock checker is wrong where {due} is due"),
    }
}

/// Fills a frame and changes one word of it, at its ends and in between: the look at all of it at once must see that.
fn page_fill() {
    const WORD: u32 = 0x5a5a_1234;
    let Some(page) = PageRef::alloc() else { panic!("there is no frame") };
    phys::fill(page.frame(), WORD);
    for offset in [0, 4, 8, 12, 2052, 4080, 4084, 4088, 4092] {
        for other in [WORD ^ 1, WORD ^ 1 << 31, 0, u32::MAX] {
            assert!(phys::is_filled(page.frame(), WORD));
            phys::write(page.frame(), offset, &other.to_le_bytes());
            assert!(!phys::is_filled(page.frame(), WORD), "{other:#x} at {offset}");
            phys::write(page.frame(), offset, &WORD.to_le_bytes());
        }
    }
}

/// Takes every frame, looks at each, and gives all of them back. They are chained through their first words.
fn page_free_list() {
    let image_end = crate::x86::image::get().end - KERNBASE;
    let before = frame::available();
    let (mut low, mut high) = (0, 0);
    let mut chain: Option<Frame> = None;
    while let Some(page) = PageRef::alloc() {
        let frame = page.into_entry();
        let address = frame.address();
        assert!(address != 0 && address != MPENTRY_PADDR, "frame {address:#x} must not be free");
        assert!(!(0xa_0000..image_end).contains(&address), "frame {address:#x} must not be free");
        *(if address < 0x10_0000 { &mut low } else { &mut high }) += 1;
        let link = chain.map_or(u32::MAX, |frame| u32::from(frame.0));
        phys::write(frame, 0, &link.to_le_bytes());
        chain = Some(frame);
    }
    assert!(low > 0 && high > 0, "both low and high memory have free frames");
    assert_eq!((low + high, frame::available()), (before, 0), "all free frames can be taken, once each");
    while let Some(frame) = chain {
        let mut link = [0; 4];
        phys::read(frame, 0, &mut link);
        chain = u16::try_from(u32::from_le_bytes(link)).ok().map(Frame);
        drop(PageRef::from_entry(frame));
    }
    assert_eq!(frame::available(), before);
    println!("check_page_free_list() succeeded!");
}

fn page_alloc() {
    let before = frame::available();
    let pages = [(); 3].map(|()| PageRef::alloc().expect("three frames"));
    let [a, b, c] = pages.each_ref().map(PageRef::frame);
    assert!(a != b && b != c && a != c, "frames are handed out once");
    assert_eq!([a, b, c].map(frame::refs), [1; 3]);
    phys::write(a, 0, &[1; 64]);
    drop(pages);
    // Last freed, first handed out: among the next three is the one that was written.
    let pages = [(); 3].map(|()| PageRef::alloc_zeroed().expect("three frames"));
    for page in &pages {
        let mut bytes = [1; 64];
        phys::read(page.frame(), 0, &mut bytes);
        assert_eq!(bytes, [0; 64], "a zeroed page is zero");
    }
    drop(pages);
    assert_eq!(frame::available(), before);
    println!("check_page_alloc() succeeded!");
}

fn page() {
    let before = frame::available();
    let mut space = Space::new(EnvId(0x1000), EnvId::NONE).expect("one frame");
    let page = PageRef::alloc().expect("one frame");
    let frame = page.frame();
    assert_eq!(space.lookup(UTEMP), None);
    assert_eq!(space.map(UTEMP, page, RIGHTS), Ok::<(), Error>(()));
    assert_eq!(space.lookup(UTEMP), Some(Entry { frame, flags: RIGHTS }));
    // The same page at the same place, with other rights: no reference is lost or won.
    let read_only = PteFlags::P | PteFlags::U | PteFlags::COW;
    assert!(space.map(UTEMP, PageRef::share(frame), read_only).is_ok());
    assert_eq!((frame::refs(frame), space.lookup(UTEMP)), (1, Some(Entry { frame, flags: read_only })));
    // The same page elsewhere, then another page in the first place.
    assert!(space.map(UTEMP + PGSIZE, PageRef::share(frame), RIGHTS).is_ok());
    assert_eq!(frame::refs(frame), 2);
    assert!(space.map(UTEMP, PageRef::alloc().expect("one frame"), RIGHTS).is_ok());
    assert_eq!(frame::refs(frame), 1);
    space.unmap(UTEMP + PGSIZE);
    assert_eq!((frame::refs(frame), space.lookup(UTEMP + PGSIZE)), (0, None));
    space.unmap(UTEMP + PGSIZE);
    space.tear_down();
    assert_eq!(frame::available(), before);
    println!("check_page() succeeded!");
}

fn kern_pgdir() {
    let directory = kernel_map::directory();
    let word = |va: u32| phys::table(directory)[pdx(va)].load(core::sync::atomic::Ordering::Relaxed);
    let maps = |va: u32, kernel_va: u32, flags: PteFlags| {
        let entry = page_table::lookup(directory, va).expect("mapped");
        assert_eq!((entry.frame.address(), entry.flags), (kernel_va - KERNBASE, flags), "{va:#x}");
    };
    let read_only = PteFlags::P | PteFlags::U;
    let windows = [
        (UENVS, env::records_address(), NENV * size_of::<EnvRecord>()),
        (UPAGES, frame::records_address(), frame::count() * size_of::<PageInfo>()),
    ];
    for (window, records, len) in windows {
        for offset in (0..PTSIZE).step_by(PGSIZE as usize) {
            if offset < len as u32 {
                maps(window + offset, records + offset, read_only);
            } else {
                assert_eq!(page_table::lookup(directory, window + offset), None, "nothing but the records");
            }
        }
    }
    for index in 0..1024 {
        let va = index << 22;
        let expected = va >= KERNBASE || [UVPT, KSTACKTOP - 1, UPAGES, UENVS, MMIOBASE].map(pdx).contains(&pdx(va));
        assert_eq!(Entry::decode(word(va)).is_some(), expected, "directory entry {index:#x}");
        if va >= KERNBASE {
            let flags = PteFlags::from_bits_retain(word(va) & 0xfff);
            assert!(flags.contains(PteFlags::W) && !flags.contains(PteFlags::U), "directory entry {index:#x}");
        }
    }
    println!("check_kern_pgdir() succeeded!");
}

/// Writes through one alias are seen through the other.
fn page_installed_pgdir() {
    let page = PageRef::alloc_zeroed().expect("one frame");
    let mut space = Space::new(EnvId(0x1000), EnvId::NONE).expect("one frame");
    let frame = page.frame();
    assert!(space.map(UTEMP, page, RIGHTS).is_ok());
    assert_eq!(crate::mm::user_mem::write(&space, UTEMP + 5, b"jos"), Ok(()));
    let mut seen = [0; 3];
    phys::read(frame, 5, &mut seen);
    assert_eq!(&seen, b"jos");
    space.tear_down();
    println!("check_page_installed_pgdir() succeeded!");
}
