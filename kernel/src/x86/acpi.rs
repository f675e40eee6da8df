//! Finding the CPUs in ACPI's MADT.
//!
//! From the root pointer (RSDP) to the list of tables (RSDT) to the multiple APIC description table. All of it is
//! firmware's word: checksums and lengths are verified, and what is wrong is an error with a message, never a fault.
//! ACPI specification 6.5, §5.2.5 (RSDP), §5.2.7 (RSDT), §5.2.12 (MADT).

use core::fmt;

use super::physical::{self, Memory};

/// Bytes of the header that every table begins with.
const HEADER: u32 = 36;
/// No table that matters here is as long.
const LONGEST: u32 = 64 * 1024;

/// What is wrong with the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// A table's length makes no sense.
    Length([u8; 4], u32),
    /// A table's bytes do not add up to zero.
    Checksum([u8; 4]),
    /// A table lies where it can't be mapped.
    Address(u32),
}

/// The multiple APIC description table.
#[derive(Clone, Copy, Debug)]
pub struct Madt {
    table: Memory,
}

/// The MADT; `None` on a machine without ACPI, or without that table.
///
/// # Errors
/// When a table on the way is damaged.
pub fn madt() -> Result<Option<Madt>, Error> {
    let Some(rsdp) = root_pointer() else {
        return Ok(None);
    };
    let Some(rsdt) = table(rsdp.u32(16), b"RSDT")? else {
        return Ok(None);
    };
    for place in (HEADER..rsdt.len()).step_by(4) {
        if let Some(table) = table(rsdt.u32(place), b"APIC")? {
            return Ok(Some(Madt { table }));
        }
    }
    Ok(None)
}

impl Madt {
    /// Physical address of the CPUs' local APICs.
    pub fn lapic_base(&self) -> u32 {
        self.table.u32(HEADER)
    }

    /// APIC ids of the CPUs that may be used. Ids above 254 are not in the entries looked at.
    pub fn cpus(&self) -> impl Iterator<Item = u8> + use<> {
        const LOCAL_APIC: u8 = 0;
        const ENABLED: u32 = 1;
        let table = self.table;
        let mut next = HEADER + 8;
        let entries = core::iter::from_fn(move || {
            let entry = next;
            let len = u32::from(table.u8(entry + 1));
            next = entry.saturating_add(len);
            // Too short to get on with, or cut off: the end.
            (len >= 2 && next <= table.len()).then_some(entry)
        });
        entries
            .filter(move |&entry| table.u8(entry) == LOCAL_APIC && table.u32(entry + 4) & ENABLED != 0)
            .map(move |entry| table.u8(entry + 3))
    }
}

/// The root pointer: in the first KiB of the extended BIOS data, or in the BIOS's read-only memory.
fn root_pointer() -> Option<Memory> {
    const EBDA_SEGMENT: u32 = 0x40e;
    let ebda = u32::from(physical::low(EBDA_SEGMENT, 2)?.u16(0)) << 4;
    search(ebda, 1024).or_else(|| search(0xe_0000, 0x2_0000))
}

fn search(start: u32, len: u32) -> Option<Memory> {
    const RSDP: u32 = 20;
    (start..start + len)
        .step_by(16)
        .filter_map(|pa| physical::low(pa, RSDP))
        .find(|place| place.bytes(0) == *b"RSD PTR " && place.sum(0, RSDP) == 0)
}

/// The table at physical address `pa`, if it is one called `name`.
fn table(pa: u32, name: &[u8; 4]) -> Result<Option<Memory>, Error> {
    let header = physical::anywhere(pa, HEADER).ok_or(Error::Address(pa))?;
    if header.bytes(0) != *name {
        return Ok(None);
    }
    let len = header.u32(4);
    if !(HEADER..=LONGEST).contains(&len) {
        return Err(Error::Length(*name, len));
    }
    let table = physical::anywhere(pa, len).ok_or(Error::Address(pa))?;
    if table.sum(0, len) != 0 {
        return Err(Error::Checksum(*name));
    }
    Ok(Some(table))
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Length(name, len) => write!(f, "ACPI: table {} can't be {len} bytes long", name.escape_ascii()),
            Error::Checksum(name) => write!(f, "ACPI: bad checksum of table {}", name.escape_ascii()),
            Error::Address(pa) => write!(f, "ACPI: no room to map a table at {pa:08x}"),
        }
    }
}
