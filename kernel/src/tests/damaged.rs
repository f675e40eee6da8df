//! Files and tables from outside, whole and damaged: whatever is in them, the kernel does not panic.

use abi::layout::UTOP;

use super::files::{self, LOADER_MAGIC, SCRATCH};
use super::machine::{CPUS, DATA, TEXT, machine, random};
use crate::env::program::{BadProgram, Program};
use crate::x86::boot_info::{self, BootInfo};
use crate::x86::{acpi, mptable};

const MP_POINTER: u32 = 0xf_8000;

/// Parses a program; if it is good, all its segments must be.
fn parse(bytes: &[u8]) -> Result<(), BadProgram> {
    let program = Program::parse(bytes.to_vec().leak())?;
    for segment in program.segments() {
        let segment = segment.expect("parse has looked at it");
        assert!(segment.memory_size > 0 && segment.bytes.len() <= segment.memory_size as usize);
        assert!(segment.va <= UTOP - segment.memory_size);
    }
    Ok(())
}

/// Every way to change one bit.
fn flips(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..bytes.len() * 8).map(|bit| {
        let mut damaged = bytes.to_vec();
        damaged[bit / 8] ^= 1 << (bit % 8);
        damaged
    })
}

#[test]
fn a_program_file_is_read() {
    let bytes = files::program(TEXT, DATA);
    let program = Program::parse(bytes.leak()).unwrap();
    let segments: Vec<_> = program.segments().map(Result::unwrap).collect();
    assert_eq!((program.entry, segments.len()), (0x80_0020, 3));
    assert_eq!((segments[0].va, segments[0].bytes), (0x80_0020, TEXT));
    assert_eq!((segments[1].va, segments[1].memory_size, segments[1].bytes), (0x90_0ff0, 0x3010, DATA));
}

#[test]
fn damaged_program_files_are_refused_or_harmless() {
    let good = files::program(TEXT, DATA);
    for len in 0..good.len() {
        assert!(parse(&good[..len]).is_err(), "{len} of {} bytes", good.len());
    }
    for damaged in flips(&good) {
        let _ = parse(&damaged);
    }
    let mut random = random(3);
    for _ in 0..20_000 {
        let mut damaged = good.clone();
        for _ in 0..=random(4) {
            let (at, values) = (random(52 + 4 * 32), [0, 1, 0x7f, 0x80, 0xff, random(256) as u8]);
            damaged[at] = values[random(values.len())];
        }
        let _ = parse(&damaged);
    }
}

#[test]
fn what_is_wrong_with_a_program_file_is_said() {
    let good = files::program(TEXT, DATA);
    let with = |at: usize, word: u32| {
        let mut bytes = good.clone();
        bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
        parse(&bytes)
    };
    const SEGMENT: usize = 52;
    assert_eq!(parse(b"#!/bin/sh\n"), Err(BadProgram::NotElf));
    assert_eq!(with(18, 1 << 16 | 40), Err(BadProgram::NotI386));
    // Offset, address, size in the file, size in memory.
    assert_eq!(with(SEGMENT + 4, u32::MAX), Err(BadProgram::OutsideFile));
    assert_eq!(with(SEGMENT + 8, UTOP - 4), Err(BadProgram::OutsideMemory));
    assert_eq!(with(SEGMENT + 8, u32::MAX), Err(BadProgram::OutsideMemory));
    assert_eq!(with(SEGMENT + 16, 0x1_0000), Err(BadProgram::OutsideFile));
    assert_eq!(with(SEGMENT + 20, 4), Err(BadProgram::OutsideMemory));
    assert_eq!(with(SEGMENT + 20, u32::MAX), Err(BadProgram::OutsideMemory));
    // A segment with nothing in it is none, wherever it would be.
    let without = |segments: &[usize]| {
        let mut bytes = good.clone();
        segments.iter().for_each(|segment| {
            bytes[SEGMENT + segment * 32 + 8..][..4].copy_from_slice(&0xffff_f000_u32.to_le_bytes());
            bytes[SEGMENT + segment * 32 + 16..][..8].fill(0);
        });
        bytes.leak()
    };
    let all = Program::parse(without(&[])).unwrap().segments().count();
    assert_eq!(Program::parse(without(&[0])).unwrap().segments().count(), all - 1);
    assert_eq!(parse(without(&[0, 1, 2, 3])), Err(BadProgram::Empty));
    // No segment headers, and none to load.
    assert_eq!(with(44, 0), Err(BadProgram::Empty));
    let mut nothing = good.clone();
    (0..4).for_each(|segment| nothing[SEGMENT + segment * 32] = 6);
    assert_eq!(parse(&nothing), Err(BadProgram::Empty));
}

#[test]
fn what_is_not_from_a_boot_loader_is_not_read() {
    let _machine = machine();
    let is_read = |magic, address| {
        let mut info = BootInfo::EMPTY;
        boot_info::read(magic, address, &mut info).is_some()
    };
    assert!(is_read(LOADER_MAGIC, files::BOOT_INFO));
    assert!(!is_read(LOADER_MAGIC + 1, files::BOOT_INFO));
    for nowhere in [u32::MAX, 0x1000_0000, 0x1000_0000 - 51] {
        assert!(!is_read(LOADER_MAGIC, nowhere));
    }
}

#[test]
fn damaged_boot_information_is_read_as_far_as_it_goes() {
    let _machine = machine();
    let mut random = random(5);
    for _ in 0..300 {
        // Flags that say that all is there; then words that are small, large, or point here again.
        let mut words = vec![0x7f];
        words.extend((0..600).map(|_| match random(4) {
            0 => random(64) as u32,
            1 => SCRATCH + random(0x1000) as u32,
            2 => u32::MAX - random(64) as u32,
            _ => (random(1 << 31) as u32) << 1,
        }));
        files::place(SCRATCH, &files::words(&words));
        let mut info = BootInfo::EMPTY;
        boot_info::read(LOADER_MAGIC, SCRATCH, &mut info).expect("the magic number is right");
        assert!(info.modules().len() <= boot_info::MAX_MODULES && info.regions().len() <= boot_info::MAX_REGIONS);
        assert!(info.modules().iter().all(|module| module.start <= module.end && module.end <= 256 << 20));
        assert!(info.regions().iter().all(|region| region.base.checked_add(region.len).is_some()));
        let _ =
            (info.command_line.as_str(), info.modules().iter().map(|module| module.name.as_str().len()).sum::<usize>());
    }
}

#[test]
fn damaged_acpi_tables_are_refused_or_harmless() {
    let _machine = machine();
    let cpus = || acpi::madt().map(|madt| madt.map(|madt| madt.cpus().count()));
    assert_eq!(cpus(), Ok(Some(CPUS)));
    // What lay behind would count where the length is damaged.
    files::place(files::ACPI + 0x1000, &[0; 0x800]);
    let table = files::acpi_table(b"APIC", &[0, 0, 0, 0, 1, 0, 0, 0, 0, 8, 0, 0, 1, 0, 0, 0]);
    for damaged in flips(&table) {
        files::place(files::ACPI + 0x1000, &damaged);
        assert!(!matches!(cpus(), Ok(Some(_))), "the sum is wrong");
    }
    // A right sum does not make the rest right.
    for mut damaged in flips(&table) {
        files::sum_up(&mut damaged, 9);
        files::place(files::ACPI + 0x1000, &damaged);
        let _ = cpus();
    }
    let root = files::acpi_table(b"RSDT", &files::words(&[files::ACPI + 0x1000, u32::MAX, 0xfffe_0000, 0]));
    for mut damaged in flips(&root) {
        files::sum_up(&mut damaged, 9);
        files::place(files::ACPI, &damaged);
        let _ = cpus();
    }
    files::place_acpi(CPUS as u8);
    assert_eq!(cpus(), Ok(Some(CPUS)));
}

#[test]
fn damaged_mp_tables_are_refused_with_jos_messages() {
    let _machine = machine();
    let complaint = || mptable::find().err().map(|error| error.to_string());
    assert_eq!(complaint().unwrap(), "SMP: configuration not found, SMP disabled");
    let mut pointer = [&b"_MP_"[..], &files::words(&[SCRATCH]), &[1, 4, 0, 0, 0, 0, 0, 0]].concat();
    files::sum_up(&mut pointer, 10);
    files::place(MP_POINTER, &pointer);

    // A header; two CPUs, the second of them disabled; a bus.
    let cpu = |id: u8, flags| [&[0, id, 20, flags][..], &[0; 16]].concat();
    let header = [&b"PCMP"[..], &[92, 0, 4, 0], &[0; 26], &[3, 0], &0xfee0_0000_u32.to_le_bytes(), &[0; 4]].concat();
    let mut table = [header, cpu(3, 3), cpu(4, 2), vec![1; 8]].concat();
    files::sum_up(&mut table, 7);
    files::place(SCRATCH, &table);
    let found = mptable::find().unwrap();
    assert_eq!((found.cpus().collect::<Vec<_>>(), found.lapic_base(), found.has_imcr()), (vec![3], 0xfee0_0000, false));

    for damaged in flips(&table) {
        files::place(SCRATCH, &damaged);
        assert!(mptable::find().is_err(), "the sum is wrong");
    }
    for mut damaged in flips(&table) {
        files::sum_up(&mut damaged, 7);
        files::place(SCRATCH, &damaged);
        if let Ok(found) = mptable::find() {
            assert!(found.cpus().count() <= 3);
        }
    }
    table[44] = 9;
    files::sum_up(&mut table, 7);
    files::place(SCRATCH, &table);
    assert_eq!(complaint().unwrap(), "mpinit: unknown config type 9");
    files::place(MP_POINTER, &[0; 16]);
}

/// The BIOS's words for where its extended data begin, in paragraphs, and for KiB of base memory.
const EXTENDED_DATA: u32 = 0x40e;
const BASE_MEMORY: u32 = 0x413;

#[test]
fn acpi_s_root_pointer_is_found_in_each_place_where_it_may_be() {
    let _machine = machine();
    let mut pointer = [b"RSD PTR ".to_vec(), vec![0; 8], files::words(&[files::ACPI])].concat();
    files::sum_up(&mut pointer, 8);
    files::place(files::ROOT_POINTER, &[0; 20]);
    let found = |at: u32, extended_data: u32| {
        files::place(EXTENDED_DATA, &((extended_data >> 4) as u16).to_le_bytes());
        files::place(at, &pointer);
        let found = acpi::madt().is_ok_and(|madt| madt.is_some());
        files::place(at, &[0; 20]);
        files::place(EXTENDED_DATA, &[0; 2]);
        found
    };
    let extended_data = 0x9_f800;
    for (at, extended_data, is_a_place) in [
        (extended_data, extended_data, true),
        (extended_data + 1008, extended_data, true),
        (extended_data + 1024, extended_data, false),
        (extended_data + 8, extended_data, false),
        (extended_data, 0, false),
        (0xe_0000, extended_data, true),
        (0xf_ffe0, 0, true),
        (0xd_fff0, 0, false),
    ] {
        assert_eq!(found(at, extended_data), is_a_place, "at {at:#x}, extended data at {extended_data:#x}");
    }
    files::place_acpi(CPUS as u8);
}

#[test]
fn an_mp_table_is_found_in_each_place_where_it_may_be() {
    let _machine = machine();
    // No table, but a number for one that the specification describes: enough to see that it was found.
    let mut pointer = [&b"_MP_"[..], &[0; 4], &[1, 4, 0, 1, 0, 0, 0, 0]].concat();
    files::sum_up(&mut pointer, 10);
    let found = |at: u32, extended_data: u32| {
        files::place(EXTENDED_DATA, &((extended_data >> 4) as u16).to_le_bytes());
        files::place(BASE_MEMORY, &638_u16.to_le_bytes());
        files::place(at, &pointer);
        let error = mptable::find().err();
        files::place(at, &[0; 16]);
        files::place(EXTENDED_DATA, &[0; 2]);
        error == Some(mptable::Error::DefaultConfiguration)
    };
    let (base_memory_ends, extended_data) = (638 * 1024, 0x9_f800);
    for (at, extended_data, is_a_place) in [
        (extended_data, extended_data, true),
        (extended_data + 1008, extended_data, true),
        (extended_data + 1024, extended_data, false),
        (base_memory_ends - 1024, 0, true),
        (base_memory_ends - 16, 0, true),
        (base_memory_ends - 1040, 0, false),
        (base_memory_ends - 16, extended_data, false),
        (0xf_0020, extended_data, true),
        (0xf_fff0, 0, true),
        (0xe_fff0, 0, false),
    ] {
        assert_eq!(found(at, extended_data), is_a_place, "at {at:#x}, extended data at {extended_data:#x}");
    }
    files::place(BASE_MEMORY, &639_u16.to_le_bytes());
}
