//! Which memory there is, by what a boot loader says.

use abi::layout::{MPENTRY_PADDR, PGSIZE};

use super::files::{LOADER_MAGIC, SCRATCH, place, words};
use super::machine::machine;
use crate::memory::{is_free, total_bytes};
use crate::mm::frame::Frame;
use crate::x86::boot_info::{self, BootInfo};

const MIB: u64 = 1 << 20;

const USABLE: u32 = 1;
const RESERVED: u32 = 2;
const ACPI: u32 = 3;

/// A region of memory: where it begins, how long it is, what it is.
type Region = (u64, u64, u32);

/// What there is for a loader that speaks of these regions, of memory above 1 MiB (in KiB), and of these modules (from, to).
fn said(regions: &[Region], upper: u32, modules: &[(u32, u32)]) -> BootInfo {
    let (map, list) = (SCRATCH + 0x100, SCRATCH + 0x800);
    let halves = |number: u64| [number as u32, (number >> 32) as u32];
    let entry = |&(base, len, kind): &Region| {
        let ([base, base_high], [len, len_high]) = (halves(base), halves(len));
        [20, base, base_high, len, len_high, kind]
    };
    let entries: Vec<u32> = regions.iter().flat_map(entry).collect();
    let modules: Vec<u32> = modules.iter().flat_map(|&(start, end)| [start, end, 0, 0]).collect();
    let mut info = [0; 13];
    info[..3].copy_from_slice(&[1 | 1 << 3 | 1 << 6, 640, upper]);
    info[5..7].copy_from_slice(&[modules.len() as u32 / 4, list]);
    info[11..].copy_from_slice(&[entries.len() as u32 * 4, map]);
    place(map, &words(&entries));
    place(list, &words(&modules));
    place(SCRATCH, &words(&info));
    let mut boot = BootInfo::EMPTY;
    boot_info::read(LOADER_MAGIC, SCRATCH, &mut boot).expect("the magic number is right");
    boot
}

#[test]
fn memory_ends_with_the_last_region_that_may_be_used() {
    let _machine = machine();
    let ends_at = |regions: &[Region]| total_bytes(&said(regions, 63 * 1024, &[]));
    assert_eq!(ends_at(&[(0, 0x9_fc00, USABLE), (MIB, 15 * MIB, USABLE)]), 16 * MIB);
    assert_eq!(ends_at(&[(MIB, 15 * MIB, USABLE), (0, 0x9_fc00, USABLE)]), 16 * MIB);
    assert_eq!(ends_at(&[(MIB, 7 * MIB, USABLE), (8 * MIB, 8 * MIB, RESERVED)]), 8 * MIB);
    // What firmware keeps at the top is of the last mebibyte.
    assert_eq!(ends_at(&[(MIB, 15 * MIB - 0x2_0000, USABLE), (16 * MIB - 0x2_0000, 0x2_0000, ACPI)]), 16 * MIB);
    // What no address of 32 bits reaches is none; what just one reaches is.
    assert_eq!(ends_at(&[(MIB, 7 * MIB, USABLE), (4096 * MIB, 1024 * MIB, USABLE)]), 8 * MIB);
    assert_eq!(ends_at(&[(MIB, 7 * MIB, USABLE), (4000 * MIB, 96 * MIB, USABLE)]), 4096 * MIB);
}

#[test]
fn without_a_map_memory_is_what_lies_above_the_first_mebibyte() {
    let _machine = machine();
    let boot = said(&[], 63 * 1024, &[]);
    assert_eq!(total_bytes(&boot), 64 * MIB);
    assert_eq!([0x9f, 0xa0, 0x500].map(|number| is_free(&boot, Frame(number))), [true, false, true]);
}

#[test]
fn a_frame_is_free_if_nothing_lies_in_it() {
    let _machine = machine();
    // Modules that begin and end with a page, and in one; a region with neither border on a page; one that is reserved.
    let modules = [(0x50_0000, 0x50_2000), (0x50_4800, 0x50_5800)];
    let regions = [
        (0, 16 * MIB, USABLE),
        (0x100_0800, 0x2000, USABLE),
        (0x110_0000, 0x10_0000, RESERVED),
        (0x120_0000, 0x1000, USABLE),
    ];
    let boot = said(&regions, 0, &modules);
    let free = |address: u32| is_free(&boot, Frame((address / PGSIZE) as u16));
    let expect = |addresses: &[u32], expected: bool| {
        for &address in addresses {
            assert_eq!(free(address), expected, "{address:#x}");
        }
    };
    // The interrupt table of real mode, and where CPUs begin.
    expect(&[0, MPENTRY_PADDR], false);
    expect(&[0x1000, MPENTRY_PADDR - PGSIZE, MPENTRY_PADDR + PGSIZE], true);
    // Devices, whatever the map says, and the kernel, which the host's tests have from 1 to 4 MiB.
    expect(&[0xa_0000, 0xf_f000, 0x10_0000, 0x3f_f000], false);
    expect(&[0x9_f000, 0x40_0000], true);
    expect(&[0x50_0000, 0x50_1000, 0x50_4000, 0x50_5000], false);
    expect(&[0x4f_f000, 0x50_2000, 0x50_3000, 0x50_6000], true);
    expect(&[0x100_0000, 0x100_2000, 0x110_0000, 0x11f_f000, 0x120_1000], false);
    expect(&[0xff_f000, 0x100_1000, 0x120_0000], true);
}
