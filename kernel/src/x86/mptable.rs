//! Finding the CPUs in the MP table, on machines without ACPI.
//!
//! Intel MultiProcessor Specification 1.4, chapter 4; JOS: `kern/mpconfig.c`, whose messages these are.

use core::fmt;

use super::instr::{inb, outb};
use super::physical::{self, Memory};

/// Bytes of the floating pointer, and of the table's header.
const POINTER: u32 = 16;
const HEADER: u32 = 44;

/// Why there is no usable table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// There is none.
    NotFound,
    /// The machine is one of those the specification describes in place of a table.
    DefaultConfiguration,
    /// It does not begin with `PCMP`.
    Signature,
    /// Its bytes do not add up.
    Checksum,
    /// The bytes of its extension do not add up.
    ExtendedChecksum,
    /// Neither version 1.1 nor 1.4.
    Version(u8),
    /// It has an entry of unknown length.
    EntryType(u8),
}

/// The machine according to its MP table.
#[derive(Clone, Copy, Debug)]
pub struct MpTable {
    table: Memory,
    has_imcr: bool,
}

/// Finds and checks the table.
///
/// # Errors
/// When there is none, or none that can be trusted.
pub fn find() -> Result<MpTable, Error> {
    let pointer = floating_pointer().ok_or(Error::NotFound)?;
    let address = pointer.u32(4);
    if address == 0 || pointer.u8(11) != 0 {
        return Err(Error::DefaultConfiguration);
    }
    let header = physical::low(address, HEADER).ok_or(Error::NotFound)?;
    if header.bytes(0) != *b"PCMP" {
        return Err(Error::Signature);
    }
    let (len, extension) = (u32::from(header.u16(4)), u32::from(header.u16(40)));
    let table = physical::low(address, len + extension).ok_or(Error::NotFound)?;
    if len < HEADER || table.sum(0, len) != 0 {
        return Err(Error::Checksum);
    }
    let version = table.u8(6);
    if version != 1 && version != 4 {
        return Err(Error::Version(version));
    }
    if table.sum(len, extension).wrapping_add(table.u8(42)) != 0 {
        return Err(Error::ExtendedChecksum);
    }
    let found = MpTable { table, has_imcr: pointer.u8(12) & 0x80 != 0 };
    found.entries().try_for_each(|entry| entry.map(|_| ()))?;
    Ok(found)
}

impl MpTable {
    /// Physical address of the CPUs' local APICs.
    pub fn lapic_base(&self) -> u32 {
        self.table.u32(36)
    }

    /// APIC ids of the CPUs that may be used.
    pub fn cpus(&self) -> impl Iterator<Item = u8> + use<> {
        const PROCESSOR: u8 = 0;
        const ENABLED: u8 = 1;
        let table = self.table;
        self.entries()
            .flatten()
            .filter(move |&entry| table.u8(entry) == PROCESSOR && table.u8(entry + 3) & ENABLED != 0)
            .map(move |entry| table.u8(entry + 1))
    }

    /// Whether the 8259s have a switch between them and the CPU ([`switch_imcr`]).
    pub fn has_imcr(&self) -> bool {
        self.has_imcr
    }

    /// The offsets of the entries, up to the first one of unknown type.
    fn entries(&self) -> impl Iterator<Item = Result<u32, Error>> + use<> {
        let table = self.table;
        let count = table.u16(34);
        let mut next = HEADER;
        let mut broken = false;
        (0..count).map_while(move |_| {
            if broken {
                return None;
            }
            let entry = next;
            match table.u8(entry) {
                0 => next += 20,
                1..=4 => next += 8,
                kind => {
                    broken = true;
                    return Some(Err(Error::EntryType(kind)));
                }
            }
            Some(Ok(entry))
        })
    }
}

/// Connects interrupts to the APICs, on the old machines that need to be told (MP specification §3.6.2.1).
pub fn switch_imcr() {
    const SELECT: u16 = 0x22;
    const DATA: u16 = 0x23;
    outb(SELECT, 0x70);
    outb(DATA, inb(DATA) | 1);
}

/// `_MP_`: in the first KiB of the extended BIOS data, else the last KiB of base memory, else in the BIOS.
fn floating_pointer() -> Option<Memory> {
    let bios = physical::low(0x400, 0x100)?;
    let ebda = u32::from(bios.u16(0x0e)) << 4;
    let base_end = u32::from(bios.u16(0x13)) * 1024;
    let start = if ebda != 0 { ebda } else { base_end.checked_sub(1024)? };
    search(start, 1024).or_else(|| search(0xf_0000, 0x1_0000))
}

fn search(start: u32, len: u32) -> Option<Memory> {
    (start..start + len)
        .step_by(16)
        .filter_map(|pa| physical::low(pa, POINTER))
        .find(|place| place.bytes(0) == *b"_MP_" && place.sum(0, POINTER) == 0)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NotFound => f.write_str("SMP: configuration not found, SMP disabled"),
            Error::DefaultConfiguration => f.write_str("SMP: Default configurations not implemented"),
            Error::Signature => f.write_str("SMP: Incorrect MP configuration table signature"),
            Error::Checksum => f.write_str("SMP: Bad MP configuration checksum"),
            Error::ExtendedChecksum => f.write_str("SMP: Bad MP configuration extended checksum"),
            Error::Version(version) => write!(f, "SMP: Unsupported MP version {version}"),
            Error::EntryType(kind) => write!(f, "mpinit: unknown config type {kind:x}"),
        }
    }
}
