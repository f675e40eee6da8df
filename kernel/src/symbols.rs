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
    TABLE.get()?.find(address)
}

/// Writes what lies at `address`: `file:line: function+offset`, without what is not known; or `?`.
pub fn write(address: u32, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match find(address) {
        Some(symbol) => write!(f, "{symbol}+{}", address.saturating_sub(symbol.start)),
        None => f.write_str("?"),
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.file, self.line) {
            ("", _) => f.write_str(self.function),
            (file, 0) => write!(f, "{file}: {}", self.function),
            (file, line) => write!(f, "{file}:{line}: {}", self.function),
        }
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
    fn find(self, address: u32) -> Option<Symbol> {
        let (mut low, mut high) = (0, self.rows.len() / ROW);
        while low < high {
            let middle = low.midpoint(high);
            if word(self.rows, middle * ROW)? <= address {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let row = low.checked_sub(1)? * ROW;
        let function = self.string(word(self.rows, row + 8)?)?;
        let symbol = Symbol {
            function,
            start: word(self.rows, row + 4)?,
            file: self.string(word(self.rows, row + 12)?)?,
            line: word(self.rows, row + 16)?,
        };
        (!function.is_empty()).then_some(symbol)
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    const STRINGS: &[u8] = b"\0kernel::one\0kernel::two\0kernel/src/a.rs\0\xff\0";

    /// Two functions, the second of which has two lines; then addresses that nothing is known of; then a bad string.
    fn example() -> Vec<u8> {
        let rows = [
            [0xf010_0000, 0xf010_0000, 1, 25, 7],
            [0xf010_0020, 0xf010_0020, 13, 25, 9],
            [0xf010_0028, 0xf010_0020, 13, 25, 10],
            [0xf010_0030, 0xf010_0030, 0, 0, 0],
            [0xf010_0040, 0xf010_0040, 42, 25, 1],
        ];
        let header = [MAGIC, VERSION, rows.len() as u32, STRINGS.len() as u32];
        let words = header.into_iter().chain(rows.into_iter().flatten());
        words.flat_map(u32::to_le_bytes).chain(STRINGS.iter().copied()).collect()
    }

    fn table(bytes: &[u8]) -> Option<Table> {
        parse(bytes.to_vec().leak())
    }

    #[test]
    fn finds_the_row_that_covers_an_address() {
        let table = table(&example()).unwrap();
        let show = |address| table.find(address).map(|s| format!("{}:{} {} {:x}", s.file, s.line, s.function, s.start));
        assert_eq!(show(0xf00f_ffff), None);
        assert_eq!(show(0xf010_001f).unwrap(), "kernel/src/a.rs:7 kernel::one f0100000");
        assert_eq!(show(0xf010_0020).unwrap(), "kernel/src/a.rs:9 kernel::two f0100020");
        assert_eq!(show(0xf010_002f).unwrap(), "kernel/src/a.rs:10 kernel::two f0100020");
        assert_eq!(show(0xf010_0035), None);
        assert_eq!(show(u32::MAX), None);
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let symbol = |file, line| Symbol { function: "kernel::one", start: 0, file, line }.to_string();
        assert_eq!(symbol("a.rs", 7), "a.rs:7: kernel::one");
        assert_eq!(symbol("a.rs", 0), "a.rs: kernel::one");
        assert_eq!(symbol("", 0), "kernel::one");
    }

    #[test]
    fn damaged_tables_are_refused_or_harmless() {
        let good = example();
        let try_all = |bytes: &[u8]| {
            let Some(table) = table(bytes) else { return };
            for address in (0xf010_0000..0xf010_0050).chain([0, u32::MAX]) {
                let _ = table.find(address);
            }
        };
        for len in 0..good.len() {
            assert!(table(&good[..len]).is_none(), "{len} bytes of {}", good.len());
        }
        for bit in 0..good.len() * 8 {
            let mut damaged = good.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            try_all(&damaged);
        }
    }
}
