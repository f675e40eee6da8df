//! Frames: who refers to each, by all page tables together, against its count and the pool of free ones.

use core::sync::atomic::{AtomicU32, Ordering};

use abi::layout::{KERNBASE, UTOP};
use abi::page::{CHUNK, PteFlags, pdx};

use super::report::Report;
use crate::memory;
use crate::mm::frame::{self, Frame, MAX_FRAMES};
use crate::mm::page_table::Entry;
use crate::mm::{kernel_map, phys};
use crate::poison;

/// Of each frame: how many entries and owners refer to it, and in the two highest bits how often it is in the pool.
static COUNTED: [AtomicU32; MAX_FRAMES] = [const { AtomicU32::new(0) }; MAX_FRAMES];
const FREE_ONCE: u32 = 1 << 30;
const REFERENCES: u32 = FREE_ONCE - 1;

/// How many free frames an audit looks into at most, to see whether they were written to: it is to be short. Those freed
/// last come first.
const LOOKED_INTO: usize = 512;

/// Forgets the last audit.
pub(super) fn clear() {
    COUNTED[..frame::count()].iter().for_each(|word| word.store(0, Ordering::Relaxed));
}

/// Counts what an env's space refers to: its directory, its page tables, its pages.
pub(super) fn count_space(directory: Frame, report: &mut Report) {
    refer(directory);
    for table in count_table(directory, pdx(UTOP), report) {
        count_table(table.frame, 1024, report).for_each(drop);
    }
}

/// Counts what the first `len` entries of a table refer to, and goes through them. Each has to be in a chunk that is noted as
/// used, or it will be overlooked when the table is given back.
fn count_table(table: Frame, len: usize, report: &mut Report) -> impl Iterator<Item = Entry> + use<> {
    let used = frame::chunks(table).load(Ordering::Relaxed);
    let noted = |index: usize| used & 1 << (index / CHUNK) != 0;
    let entries = || phys::table(table)[..len].iter().enumerate().filter_map(|(i, word)| Some((i, entry(word)?)));
    if let Some((index, _)) = entries().find(|&(index, _)| !noted(index)) {
        report.fault(
            "chunk",
            format_args!("table={:#x} index={index:#x} used={used:#x}", table.0),
            format_args!(
                "entry {index:#x} of the page table in frame {:#x} is in use, its chunk is noted as empty",
                table.0
            ),
        );
    }
    entries().map(|(_, entry)| entry).inspect(|entry| refer(entry.frame))
}

/// Whether the kernel's half of an env's space is as it was made; else the first directory entry that is not.
pub(super) fn kernel_half(directory: Frame) -> Result<(), usize> {
    let (mine, kernels) = (phys::table(directory), phys::table(kernel_map::directory()));
    let differs = |&index: &usize| {
        let [mine, kernels] = [&mine[index], &kernels[index]].map(address_and_rights);
        let expected =
            if index == pdx(abi::layout::UVPT) { Entry::encode(directory, PteFlags::P | PteFlags::U) } else { kernels };
        mine != expected
    };
    (pdx(UTOP)..1024).find(differs).map_or(Ok(()), Err)
}

/// An entry without the bits that the CPU sets.
fn address_and_rights(word: &AtomicU32) -> u32 {
    word.load(Ordering::Relaxed) & !(PteFlags::A | PteFlags::D).bits()
}

/// Counts what the kernel refers to and compares each frame. After all spaces have been counted.
pub(super) fn check(report: &mut Report) {
    count_kernel();
    let mut left = LOOKED_INTO;
    let look = |number| {
        put_in_pool(number, report);
        if left > 0 && look_into(number, report) {
            left -= 1;
        }
    };
    if !frame::for_each_free(look) {
        report.fault("lock-taken", format_args!("lock=frames"), format_args!("a lock of the free frames is taken"));
    }
    for (number, word) in COUNTED[..frame::count()].iter().enumerate() {
        let word = word.load(Ordering::Relaxed);
        let frame = Frame(number as u16);
        let (free, counted, refs) = (word / FREE_ONCE, word & REFERENCES, frame::refs(frame));
        match (free, counted, refs) {
            (1, 0, 0) => {}
            (0, 1.., _) if counted == refs => {}
            (0, 0, 0) if !memory::is_allocatable(frame) => {}
            _ => complain(report, frame, (free, counted, refs)),
        }
    }
}

fn count_kernel() {
    let directory = kernel_map::directory();
    refer(directory);
    let tables = &phys::table(directory)[pdx(UTOP)..pdx(KERNBASE)];
    for table in tables.iter().filter_map(entry).filter(|table| table.frame != directory) {
        refer(table.frame);
        // The rest is the kernel's image and devices, which nobody counts.
        let counted = |page: &Entry| memory::is_allocatable(page.frame);
        phys::table(table.frame).iter().filter_map(entry).filter(counted).for_each(|page| refer(page.frame));
    }
}

fn put_in_pool(number: usize, report: &mut Report) {
    if number >= frame::count() {
        return report.fault(
            "frame-number",
            format_args!("frame={number:#x}"),
            format_args!("frame {number:#x}, which is none, is free"),
        );
    }
    let word = COUNTED[number].load(Ordering::Relaxed);
    // Three stands for more than two as well.
    if word < 3 * FREE_ONCE {
        COUNTED[number].store(word + FREE_ONCE, Ordering::Relaxed);
    }
}

/// Says whether the frame has been freed since boot, so that there was something to see.
fn look_into(number: usize, report: &mut Report) -> bool {
    poison::look_at_free(Frame(number as u16)).unwrap_or_else(|written| {
        report.fault(
            "poison",
            format_args!("frame={number:#x} offset={:#x} value={:#x}", written.offset, written.value),
            format_args!("frame {number:#x} {written}"),
        );
        true
    })
}

fn complain(report: &mut Report, frame: Frame, (free, counted, refs): (u32, u32, u32)) {
    let number = frame.0;
    let (kind, what) = match (free, counted, refs) {
        (2.., ..) => ("frame-free-twice", "is in the pool more than once"),
        (1, ..) => ("frame-free-and-used", "is in the pool and in use"),
        (0, 0, 0) => ("frame-lost", "is neither in the pool nor in use"),
        _ => ("frame-count", "has a wrong count"),
    };
    report.fault(
        kind,
        format_args!("frame={number:#x} free={free} counted={counted} refs={refs}"),
        format_args!("frame {number:#x} {what}: {counted} entries and owners refer to it, its count says {refs}"),
    );
}

fn refer(frame: Frame) {
    let word = &COUNTED[usize::from(frame.0)];
    word.store(word.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}

fn entry(word: &AtomicU32) -> Option<Entry> {
    Entry::decode(word.load(Ordering::Relaxed)).filter(|entry| !entry.flags.contains(PteFlags::PS))
}
