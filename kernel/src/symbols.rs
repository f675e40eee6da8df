//! Names for kernel addresses, from the table that the host tool makes of the kernel's debug information.
//!
//! The table comes as a boot module, `kernel.sym`; without it addresses stay numbers. It is words, little-endian: magic,
//! version, number of rows, bytes of strings; then rows of five, by ascending address: address, start of the function,
//! function name, file name (both offsets into the strings), line; then the strings, each ending with a NUL.

use core::fmt;

use spin::Once;

use crate::boot;

/// The module's name.
pub const FILE: &str = "kernel.sym";

const MAGIC: u32 = 0x4d59_534a;
const VERSION: u32 = 1;
const HEADER: usize = 16;
const ROW: usize = 20;

static TABLE: Once<Table> = Once::new();

#[derive(Clone, Copy)]
struct Table {
    rows: &'static [u8],
    strings: &'static [u8],
}

/// What lies at an address.
#[derive(Clone, Copy, Debug)]
pub struct Symbol {
    /// The function.
    pub function: &'static str,
    /// Its first address.
    pub start: u32,
    /// The source file, from the project's root.
    pub file: &'static str,
    /// The line in it.
    pub line: u32,
}

/// Finds the table among the boot modules. A damaged one is as good as none.
pub fn init() {
    if let Some(table) = boot::file(FILE).and_then(|file| parse(file.bytes)) {
        TABLE.call_once(|| table);
    }
}

/// What lies at `address`, if that is known.
pub fn find(address: u32) -> Option<Symbol> {
    let table = TABLE.get()?;
    let count = table.rows.len() / ROW;
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low.midpoint(high);
        if word(table.rows, middle * ROW)? <= address {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    let row = low.checked_sub(1)? * ROW;
    let function = table.string(word(table.rows, row + 8)?)?;
    let symbol = Symbol {
        function,
        start: word(table.rows, row + 4)?,
        file: table.string(word(table.rows, row + 12)?)?,
        line: word(table.rows, row + 16)?,
    };
    (!function.is_empty()).then_some(symbol)
}

/// Writes what lies at `address`: `file:line: function+offset`, or `?`.
pub fn write(address: u32, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match find(address) {
        Some(s) => write!(f, "{}:{}: {}+{}", s.file, s.line, s.function, address.saturating_sub(s.start)),
        None => f.write_str("?"),
    }
}

fn parse(bytes: &'static [u8]) -> Option<Table> {
    let header = [0, 4].map(|at| word(bytes, at));
    if header != [Some(MAGIC), Some(VERSION)] {
        return None;
    }
    let rows = (word(bytes, 8)? as usize).checked_mul(ROW)?;
    let strings = word(bytes, 12)? as usize;
    let end_of_rows = HEADER.checked_add(rows)?;
    Some(Table {
        rows: bytes.get(HEADER..end_of_rows)?,
        strings: bytes.get(end_of_rows..end_of_rows.checked_add(strings)?)?,
    })
}

impl Table {
    fn string(self, offset: u32) -> Option<&'static str> {
        let tail = self.strings.get(offset as usize..)?;
        let len = tail.iter().position(|&byte| byte == 0)?;
        core::str::from_utf8(&tail[..len]).ok()
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let word = bytes.get(at..at + 4)?;
    Some(u32::from_le_bytes(word.try_into().ok()?))
}
