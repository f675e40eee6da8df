//! What firmware and boot loader leave in memory: ACPI tables, Multiboot information, program files.

use abi::layout::PGSIZE;

use crate::mm::frame::Frame;
use crate::mm::phys;
use crate::x86::lapic;

/// What a boot loader passes as its name.
pub(super) const LOADER_MAGIC: u32 = 0x2bad_b002;
/// Physical memory that is nobody's: where the kernel's image would be.
pub(super) const SCRATCH: u32 = 0x20_0000;
/// Where the boot loader puts its information.
pub(super) const BOOT_INFO: u32 = 0x9000;
/// Bytes of memory. The last 128 KiB are ACPI's.
pub(super) const MEMORY: u32 = 32 << 20;
pub(super) const ACPI: u32 = MEMORY - 0x2_0000;
pub(super) const ROOT_POINTER: u32 = 0xf_0000;
const MODULES: u32 = 5 << 20;

/// Writes bytes to physical memory.
pub(super) fn place(address: u32, bytes: &[u8]) {
    let mut at = address;
    let mut rest = bytes;
    while !rest.is_empty() {
        let offset = at % PGSIZE;
        let (now, later) = rest.split_at(rest.len().min((PGSIZE - offset) as usize));
        phys::write(Frame::containing(at).expect("below 256 MiB"), offset as usize, now);
        at += now.len() as u32;
        rest = later;
    }
}

/// Words, little-endian.
pub(super) fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// Makes the bytes add up to 0, by changing the one at `place`.
pub(super) fn sum_up(bytes: &mut [u8], place: usize) {
    bytes[place] = 0;
    bytes[place] = bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_sub(*byte));
}

/// An ACPI table with a right checksum.
pub(super) fn acpi_table(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut table = [&name[..], &words(&[36 + body.len() as u32]), &[0; 28], body].concat();
    sum_up(&mut table, 9);
    table
}

/// ACPI's tables for `cpus` CPUs, whose APIC ids are their numbers; and one that is disabled.
pub(super) fn place_acpi(cpus: u8) {
    // The number that ACPI gives a processor is not that of its APIC.
    let cpu = |id: u8, enabled| [0, 8, id ^ 0x15, id, enabled, 0, 0, 0];
    let cpus: Vec<u8> =
        (0..cpus).map(|index| cpu(lapic::id_of(index.into()), 1)).chain([cpu(200, 0)]).flatten().collect();
    place(ACPI + 0x1000, &acpi_table(b"APIC", &[words(&[0xfee0_0000, 1]), cpus].concat()));
    place(ACPI, &acpi_table(b"RSDT", &words(&[ACPI + 0x1000])));
    let mut pointer = [b"RSD PTR ".to_vec(), vec![0; 8], words(&[ACPI])].concat();
    sum_up(&mut pointer, 8);
    place(ROOT_POINTER, &pointer);
    // The BIOS's word for KiB of base memory.
    place(0x413, &639_u16.to_le_bytes());
}

/// Multiboot information with a command line, a map of memory, and modules of these names and contents.
pub(super) fn place_boot_info(command_line: &str, modules: &[(&str, &[u8])]) {
    let (line, map, list, names) = (BOOT_INFO + 0x100, BOOT_INFO + 0x600, BOOT_INFO + 0x800, BOOT_INFO + 0x1000);
    let mut at = MODULES;
    for (index, (name, bytes)) in (0..).zip(modules) {
        let name_at = names + index * 0x80;
        place(name_at, &[name.as_bytes(), b"\0"].concat());
        place(at, bytes);
        let end = at + bytes.len() as u32;
        place(list + index * 16, &words(&[at, end, name_at, 0]));
        at = end.next_multiple_of(PGSIZE);
    }
    place(line, &[command_line.as_bytes(), b"\0"].concat());
    // Size, base, length, kind; bases and lengths are 64 bits. Nobody promises an order.
    let regions =
        words(&[20, 0x10_0000, 0, ACPI - 0x10_0000, 0, 1, 20, ACPI, 0, 0x2_0000, 0, 3, 20, 0, 0, 0x9_fc00, 0, 1]);
    place(map, &regions);
    let flags = 1 | 1 << 2 | 1 << 3 | 1 << 6;
    let mut info = [0; 13];
    info[..3].copy_from_slice(&[flags, 639, (MEMORY >> 10) - 1024]);
    info[4..7].copy_from_slice(&[line, modules.len() as u32, list]);
    info[11..].copy_from_slice(&[regions.len() as u32, map]);
    place(BOOT_INFO, &words(&info));
}

/// A program of three segments: `text` at 0x800020, and 0x3010 bytes from 0x900ff0 on, of which the first are `data`. These
/// also follow the text in its page, at 0x800800.
pub(super) fn program(text: &[u8], data: &[u8]) -> Vec<u8> {
    const HEADERS: u32 = 52 + 4 * 32;
    const LOAD: u32 = 1;
    const GNU_STACK: u32 = 0x6474_e551;
    let (text_size, data_size) = (text.len() as u32, data.len() as u32);
    let identity = [0x464c_457f, 0x0001_0101, 0, 0];
    // Executable, i386, version; entry, headers, no sections; flags; sizes and counts.
    let header = [0x0003_0002, 1, 0x80_0020, 52, 0, 0, 0x0020_0034, 4, 0];
    let segments = [
        [LOAD, HEADERS, 0x80_0020, 0x80_0020, text_size, text_size, 5, 0x1000],
        [LOAD, HEADERS + text_size, 0x90_0ff0, 0x90_0ff0, data_size, 0x3010, 6, 0x1000],
        [LOAD, HEADERS + text_size, 0x80_0800, 0x80_0800, data_size, data_size, 6, 0x1000],
        [GNU_STACK, 0, 0, 0, 0, 0, 6, 0x10],
    ];
    [words(&identity), words(&header), words(&segments.concat()), text.to_vec(), data.to_vec()].concat()
}
