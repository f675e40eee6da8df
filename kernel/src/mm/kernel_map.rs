//! The kernel's half of every address space.
//!
//! One directory is made at boot; every env's directory copies its entries at and above UTOP. So every page table
//! up there that will ever be needed exists before the first env: the env and frame records, the device window,
//! the kernel stacks. Physical memory at KERNBASE is mapped by 64 pages of 4 MiB.
//!
//! Locks: none of its own. Only the boot CPU changes the map, before it starts the others.

use core::sync::atomic::{AtomicU32, Ordering};

use abi::layout::{KERNBASE, KSTACKTOP, KSTKGAP, KSTKSIZE, MMIOBASE, MMIOLIM, PGSIZE, PTSIZE, UENVS, UPAGES, UVPT};
use abi::page::{PageInfo, PteFlags, pdx, ptx};
use abi::{EnvRecord, NENV};

use crate::config::{NARROW_STACK, NCPU, NCPU_WIDE_STACK};
use crate::mm::frame::{self, Frame, PageRef};
use crate::mm::page_table::Entry;
use crate::mm::phys;
use crate::{env, x86};

static DIRECTORY: AtomicU32 = AtomicU32::new(0);
/// The next free address in the device window. The narrow stacks come first.
static NEXT_DEVICE: AtomicU32 = AtomicU32::new(DEVICES);

/// The stack for double faults, which all CPUs share: it comes behind those of the CPUs.
pub const FAULT_STACK: usize = NCPU;

const NARROW_STRIDE: u32 = NARROW_STACK + PGSIZE;
const DEVICES: u32 = MMIOBASE + (FAULT_STACK + 1 - NCPU_WIDE_STACK) as u32 * NARROW_STRIDE;
const _: () = assert!(DEVICES + 64 * PGSIZE <= MMIOLIM, "devices need a few pages of their window");

/// Makes the kernel's directory and loads it. For the boot CPU, once, with the frame allocator up.
pub fn init() {
    let directory = boot_page();
    DIRECTORY.store(u32::from(directory.0), Ordering::Relaxed);
    let entries = phys::table(directory);
    for (index, entry) in entries[pdx(KERNBASE)..].iter().enumerate() {
        let flags = PteFlags::P | PteFlags::W | PteFlags::PS | PteFlags::G;
        entry.store((index as u32 * PTSIZE) | flags.bits(), Ordering::Relaxed);
    }
    for window in [UENVS, UPAGES, MMIOBASE, MMIOLIM] {
        let rights = if window < MMIOBASE { PteFlags::U } else { PteFlags::W };
        let word = Entry::encode(boot_page(), PteFlags::P | rights);
        entries[pdx(window)].store(word, Ordering::Relaxed);
    }
    entries[pdx(UVPT)].store(Entry::encode(directory, PteFlags::P | PteFlags::U), Ordering::Relaxed);

    let read_only = PteFlags::P | PteFlags::U;
    map_image(UENVS, env::records_address(), NENV * size_of::<EnvRecord>(), read_only);
    map_image(UPAGES, frame::records_address(), frame::count() * size_of::<PageInfo>(), read_only);
    load();
    x86::instr::enable_global_pages();
}

/// The frame of the kernel's directory.
pub fn directory() -> Frame {
    Frame(DIRECTORY.load(Ordering::Relaxed) as u16)
}

/// Loads the kernel's own address space, which has nothing below UTOP.
pub fn load() {
    x86::instr::load_cr3(directory().address());
}

/// Gives CPU `index` a kernel stack, with an unmapped hole below.
pub fn map_stack(index: usize) {
    for va in stack_pages(index) {
        set(va, boot_page(), PteFlags::P | PteFlags::W);
    }
}

/// How many bytes at the low end of CPU `index`'s stack have never been used: they are zeros, as at first.
pub fn stack_spare(index: usize) -> u32 {
    const STEP: usize = 64;
    let mut spare = 0;
    for va in stack_pages(index) {
        let word = entry(va).load(Ordering::Relaxed);
        let frame = Entry::decode(word).expect("the stacks of all CPUs are mapped").frame;
        if phys::is_filled(frame, 0) {
            spare += PGSIZE;
            continue;
        }
        let is_fresh = |&offset: &usize| {
            let mut bytes = [0; STEP];
            phys::read(frame, offset, &mut bytes);
            bytes == [0; STEP]
        };
        return spare + (0..PGSIZE as usize).step_by(STEP).take_while(is_fresh).count() as u32 * STEP as u32;
    }
    spare
}

/// How many bytes CPU `index`'s stack has.
pub fn stack_size(index: usize) -> u32 {
    if index < NCPU_WIDE_STACK { KSTKSIZE } else { NARROW_STACK }
}

fn stack_pages(index: usize) -> impl Iterator<Item = u32> {
    let top = stack_top(index);
    (top - stack_size(index)..top).step_by(PGSIZE as usize)
}

/// The address just above CPU `index`'s kernel stack: JOS's for the first 64, in the device window for the rest.
pub fn stack_top(index: usize) -> u32 {
    match index.checked_sub(NCPU_WIDE_STACK) {
        None => KSTACKTOP - index as u32 * (KSTKSIZE + KSTKGAP),
        Some(further) => MMIOBASE + (further as u32 + 1) * NARROW_STRIDE,
    }
}

/// Maps `len` bytes of device memory at physical address `pa`, uncached; `None` when the window is full.
pub fn map_device(pa: u32, len: u32) -> Option<u32> {
    let offset = pa % PGSIZE;
    let size = offset.checked_add(len)?.checked_next_multiple_of(PGSIZE)?;
    let va = NEXT_DEVICE.load(Ordering::Relaxed);
    if size > MMIOLIM - va {
        return None;
    }
    NEXT_DEVICE.store(va + size, Ordering::Relaxed);
    let flags = PteFlags::P | PteFlags::W | PteFlags::PCD | PteFlags::PWT;
    for page in (0..size).step_by(PGSIZE as usize) {
        // Devices lie above the frames that `Entry` can name.
        let word = (pa - offset).wrapping_add(page) | flags.bits();
        entry(va + page).store(word, Ordering::Relaxed);
    }
    Some(va + offset)
}

fn map_image(va: u32, kernel_va: u32, len: usize, flags: PteFlags) {
    let pages = len.div_ceil(PGSIZE as usize) as u32;
    for offset in (0..pages).map(|page| page * PGSIZE) {
        let frame = Frame::containing(kernel_va - KERNBASE + offset).expect("the kernel image is in the window");
        set(va + offset, frame, flags);
    }
}

fn set(va: u32, frame: Frame, flags: PteFlags) {
    entry(va).store(Entry::encode(frame, flags), Ordering::Relaxed);
}

fn entry(va: u32) -> &'static AtomicU32 {
    let above = phys::table(directory())[pdx(va)].load(Ordering::Relaxed);
    let table = Entry::decode(above).expect("the kernel's page tables exist from the start");
    &phys::table(table.frame)[ptx(va)]
}

fn boot_page() -> Frame {
    PageRef::alloc_zeroed().expect("16 MiB hold the kernel's own tables and stacks").into_entry()
}
