//! Walking two-level page tables.
//!
//! A directory is named by its frame. Every function needs the lock of the address space it belongs to (env vm),
//! which is what keeps tables alive and entries still. Entries are atomic words all the same: the CPU sets their
//! accessed and dirty bits, and programs read them through UVPT.
//!
//! Most tables hold a few pages next to each other. A table's frame record therefore says which of its chunks were ever
//! written ([`frame::chunks`]), so that neither giving a table back nor a program's `fork` looks at all 1024 entries.
//!
//! Intel SDM vol. 3 §4.3.

use core::sync::atomic::{AtomicU32, Ordering};

use abi::layout::{UTOP, UVPT};
use abi::page::{CHUNK, PteFlags, pdx, ptx};

pub use crate::mm::entry::Entry;
use crate::mm::frame::{self, Frame, PageRef};
use crate::mm::kernel_map;
use crate::mm::phys;

/// Entries of a table.
const TABLE: usize = 1024;

/// Directory entries below UTOP: a program's own.
const USER_TABLES: usize = pdx(UTOP);

/// The page-table entry for `va`, unless there is no page table for it.
pub fn slot(directory: Frame, va: u32) -> Option<&'static AtomicU32> {
    let entry = Entry::decode(phys::table(directory)[pdx(va)].load(Ordering::Relaxed))?;
    if entry.flags.contains(PteFlags::PS) {
        return None;
    }
    Some(&phys::table(entry.frame)[ptx(va)])
}

/// The page-table entry for `va`, to be written, with a fresh page table if there was none; `None` when no frame is free.
///
/// A directory entry gives every right; what counts is the page's own entry.
pub fn slot_or_create(directory: Frame, va: u32) -> Option<&'static AtomicU32> {
    let above = &phys::table(directory)[pdx(va)];
    let table = match Entry::decode(above.load(Ordering::Relaxed)) {
        Some(entry) if entry.flags.contains(PteFlags::PS) => return None,
        Some(entry) => entry.frame,
        None => {
            let table = PageRef::alloc_zeroed()?.into_entry();
            let flags = PteFlags::P | PteFlags::W | PteFlags::U;
            mark_used(directory, pdx(va));
            Entry::put(above, table, flags);
            table
        }
    };
    mark_used(table, ptx(va));
    Some(&phys::table(table)[ptx(va)])
}

/// A program's directory with the kernel's part in place and nothing below UTOP, or `None` when no frame is free.
pub fn new_directory() -> Option<Frame> {
    let directory = PageRef::alloc_zeroed()?.into_entry();
    phys::copy_entries(kernel_map::directory(), directory, USER_TABLES);
    let map_of_itself = Entry::encode(directory, PteFlags::P | PteFlags::U);
    phys::table(directory)[pdx(UVPT)].store(map_of_itself, Ordering::Relaxed);
    Some(directory)
}

/// Gives back everything below UTOP, and the directory. No CPU has it loaded, and nobody can find it any more.
pub fn free(directory: Frame) {
    // The last chunk of the program's own entries has some of the kernel's.
    for_each_used(directory, USER_TABLES, |above| {
        for_each_used(above.frame, TABLE, |page| drop(PageRef::from_entry(page.frame)));
        free_table(above.frame);
    });
    free_table(directory);
}

fn free_table(table: Frame) {
    frame::chunks(table).store(0, Ordering::Relaxed);
    drop(PageRef::from_entry(table));
}

fn mark_used(table: Frame, index: usize) {
    let chunks = frame::chunks(table);
    let (used, chunk) = (chunks.load(Ordering::Relaxed), 1 << (index / CHUNK));
    // Under the lock of the address space: nobody else writes it. Mostly nothing changes, and CPUs that only read the line
    // of the record need not take it from each other.
    if used & chunk == 0 {
        chunks.store(used | chunk, Ordering::Relaxed);
    }
}

/// Calls `visit` with what each entry of a table below `end` maps.
#[inline(always)]
fn for_each_used(table: Frame, end: usize, mut visit: impl FnMut(Entry)) {
    let (all, _) = phys::table(table).as_chunks::<CHUNK>();
    let mut used = frame::chunks(table).load(Ordering::Relaxed);
    while used != 0 {
        let chunk = used.trailing_zeros() as usize;
        used &= used - 1;
        // Four at a time: in most tables most are empty.
        for (group, four) in all[chunk].as_chunks::<4>().0.iter().enumerate() {
            let [a, b, c, d] = four.each_ref().map(|word| word.load(Ordering::Relaxed));
            if (a | b | c | d) & PteFlags::P.bits() == 0 {
                continue;
            }
            for (place, word) in [a, b, c, d].into_iter().enumerate() {
                if let Some(entry) = Entry::decode(word)
                    && chunk * CHUNK + group * 4 + place < end
                {
                    visit(entry);
                }
            }
        }
    }
}

/// What is mapped at `va`, with the rights that the entry and its directory entry leave together.
pub fn lookup(directory: Frame, va: u32) -> Option<Entry> {
    let above = Entry::decode(phys::table(directory)[pdx(va)].load(Ordering::Relaxed))?;
    let entry = Entry::decode(slot(directory, va)?.load(Ordering::Relaxed))?;
    let denied = (PteFlags::U | PteFlags::W).difference(above.flags);
    Some(Entry { frame: entry.frame, flags: entry.flags.difference(denied) })
}
