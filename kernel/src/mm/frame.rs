//! Physical frames: who refers to them, and which are free.
//!
//! A [`PageRef`] is one counted reference. A page-table entry owns one, and so does whoever holds a page before
//! it is mapped. The last one to go gives the frame back to the pool, so a frame can't be freed while something
//! still refers to it, and can't be forgotten.
//!
//! The counts are the records that programs see at UPAGES. Locks: the pool's (frame cache, page allocator).

use core::mem;
use core::sync::atomic::AtomicUsize;

use abi::layout::{PGSIZE, PHYSMAX};
use abi::page::PageInfo;
use sync::Rank;

use crate::atomic::{AtomicU32, Ordering};
use crate::config::{CACHE_LINE, FRAME_BATCH, FRAME_CACHE};
use crate::cpu::This;
use crate::mm::phys;
use crate::point::Point;
use crate::pool::Pool;
use crate::{inject, poison, window};

/// The most frames there can be.
pub const MAX_FRAMES: usize = (PHYSMAX / PGSIZE) as usize;

/// The number of a physical frame, below [`MAX_FRAMES`]. A bare name: it keeps nothing alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame(pub u16);

impl Frame {
    /// The frame that physical address `address` is in, if the kernel can reach it.
    pub fn containing(address: u32) -> Option<Frame> {
        u16::try_from(address / PGSIZE).ok().map(Frame)
    }

    /// The frame's physical address.
    pub const fn address(self) -> u32 {
        self.0 as u32 * PGSIZE
    }

    fn info(self) -> &'static PageInfo {
        &PAGES.0[self.0 as usize]
    }
}

/// Page-aligned, since whole pages of it are mapped for programs.
#[repr(C, align(4096))]
struct Pages([PageInfo; MAX_FRAMES]);

static PAGES: Pages = Pages([const { PageInfo { link: AtomicU32::new(0), refs: AtomicU32::new(0) } }; MAX_FRAMES]);

/// Free frames. The records of a group fill one cache line.
type FreeFrames = Pool<MAX_FRAMES, FRAME_CACHE, FRAME_BATCH, { CACHE_LINE / size_of::<PageInfo>() }>;

static FREE: FreeFrames = Pool::new(Rank::FrameCache, Rank::PageAllocator);

/// Frames below the end of memory, free or not.
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// Takes over memory: `count` frames exist, of which those that `is_free` says are free. For boot.
pub fn init(count: usize, is_free: impl Fn(Frame) -> bool) {
    COUNT.store(count, Ordering::Relaxed);
    // Highest first, so that low frames are handed out first.
    let frames = (0..count).rev().filter_map(|number| u16::try_from(number).ok());
    FREE.fill(frames.filter(|&number| is_free(Frame(number))));
}

/// How many frames there are, free or not.
pub fn count() -> usize {
    COUNT.load(Ordering::Relaxed)
}

/// States that a frame may be taken or freed here, though perhaps not this time: a debug build checks whether it might.
#[track_caller]
pub fn might_allocate() {
    FREE.might_use();
}

/// How many frames are free. Exact only while nobody allocates or frees.
pub fn available() -> usize {
    FREE.available()
}

/// Calls `look` with each free frame, as [`Pool::for_each`] does.
pub fn for_each_free(look: impl FnMut(usize)) -> bool {
    FREE.for_each(look)
}

/// The pool of free frames, for tests that break it.
#[cfg(test)]
pub(crate) fn pool() -> &'static FreeFrames {
    &FREE
}

/// Kernel address of the records that programs see at UPAGES.
pub fn records_address() -> u32 {
    phys::address_of(&PAGES)
}

/// How many entries and owners refer to `frame`.
pub fn refs(frame: Frame) -> u32 {
    frame.info().refs.load(Ordering::Relaxed)
}

/// The word of `frame`'s record in which a page table's owner notes its chunks: [`PageInfo::link`]. 0 for other frames.
pub fn chunks(frame: Frame) -> &'static AtomicU32 {
    &frame.info().link
}

/// One counted reference to a frame.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "dropping the reference may free the frame"]
pub struct PageRef(Frame);

impl PageRef {
    /// A free frame with unspecified contents, or `None` when no frame is free.
    pub fn alloc() -> Option<PageRef> {
        if inject::fails(inject::Kind::Frame) {
            return None;
        }
        let frame = Frame(FREE.take()?);
        poison::frame_taken(frame);
        let count = 1 + u32::from(inject::fails(inject::Kind::Count));
        let before = frame.info().refs.swap(count, Ordering::Relaxed);
        assert_eq!(before, 0, "{frame:?} was free and referred to");
        Some(PageRef(frame))
    }

    /// A free frame filled with zeros, or `None` when no frame is free. Zeroing holds no lock.
    pub fn alloc_zeroed() -> Option<PageRef> {
        let page = PageRef::alloc()?;
        window::at(Point::FrameTaken);
        phys::zero(page.frame());
        Some(page)
    }

    /// One more reference to a frame that an entry refers to. The caller must hold the lock that keeps that entry.
    ///
    /// 32 bits can't overflow: every reference but a few is an entry in a page table, and 65,536 frames full of
    /// entries are 2^26.
    pub fn share(frame: Frame) -> PageRef {
        window::at(Point::Counting);
        let before = frame.info().refs.fetch_add(1, Ordering::Relaxed);
        assert_ne!(before, 0, "{frame:?} is free and was shared");
        PageRef(frame)
    }

    /// The frame referred to.
    pub fn frame(&self) -> Frame {
        self.0
    }

    /// Gives the reference away to an entry, which owns it from now on.
    pub fn into_entry(self) -> Frame {
        let frame = self.0;
        mem::forget(self);
        frame
    }

    /// Takes back the reference that an entry owned. The entry must be gone from every TLB.
    pub fn from_entry(frame: Frame) -> PageRef {
        PageRef(frame)
    }
}

impl Drop for PageRef {
    fn drop(&mut self) {
        // Release: what this owner did to the page happens before the free. Acquire: all that any owner did happens
        // before the frame is handed out again.
        window::at(Point::Counting);
        let before = self.0.info().refs.fetch_sub(1, Ordering::AcqRel);
        assert_ne!(before, 0, "{:?} was released once too often", self.0);
        if before == 1 {
            window::at(Point::FrameFree);
            sync::order::freed::<This>(phys::kernel_address(self.0.address()), PGSIZE as usize);
            poison::frame_freed(self.0);
            FREE.give(self.0.0);
        }
    }
}
