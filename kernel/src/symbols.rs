//! Names for kernel addresses, from the table that the host tool makes of the kernel's debug information.
//!
//! The table comes as a boot module, `kernel.sym`; without it addresses stay numbers. It is words, little-endian: magic,
//! version, number of rows, number of calls, bytes of strings; then rows of six, by ascending address: address, start of the
//! function, function name, file name (both offsets into the strings), line, and the first of the calls that were inlined
//! there, the innermost, as a number from 1, or 0; then calls of four: function name, file name, line, and the call this one
//! stands in, or 0; then the strings, each ending with a NUL.

use core::fmt;

use spin::Once;

use crate::boot;

/// The module's name.
pub const FILE: &str = "kernel.sym";

const MAGIC: u32 = 0x4d59_534a;
const VERSION: u32 = 2;
const HEADER: usize = 20;
const ROW: usize = 24;
const CALL: usize = 16;

/// The most inlined calls that are shown of one address: a damaged table could have them in a circle.
const MOST_CALLS: usize = 16;

static TABLE: Once<Table> = Once::new();

#[derive(Clone, Copy)]
struct Table {
    rows: &'static [u8],
    calls: &'static [u8],
    strings: &'static [u8],
}

/// A line of a function.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The function.
    pub function: &'static str,
    /// The source file, from the project's root.
    pub file: &'static str,
    /// The line in it.
    pub line: u32,
}

/// What lies at an address.
#[derive(Clone, Copy)]
pub struct Symbol {
    /// The function, and the line in it: of a call, if that was inlined.
    pub place: Place,
    /// The function's first address.
    pub start: u32,
    table: Table,
    /// The innermost call that was inlined, from 1.
    call: u32,
}

impl Symbol {
    /// The calls that were inlined, the innermost first.
    fn inlined(self) -> impl Iterator<Item = Place> {
        let mut next = self.call;
        let calls = core::iter::from_fn(move || {
            let at = (next as usize).checked_sub(1)?.checked_mul(CALL)?;
            let call = self.table.place(self.table.calls, at);
            next = word(self.table.calls, at.checked_add(12)?)?;
            call
        });
        calls.take(MOST_CALLS)
    }
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

/// Writes what lies at `address`, a line for each function that was inlined there, the innermost first, and one for the
/// function itself: `file:line: function+offset`, without what is not known; or `?`. Each line begins with `margin`.
pub fn write(address: u32, margin: fmt::Arguments<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Some(symbol) = find(address) else {
        let why = if TABLE.get().is_some() { "?" } else { "(there is no table of symbols)" };
        return writeln!(f, "{margin}{why}");
    };
    for call in symbol.inlined() {
        writeln!(f, "{margin}{call}, inlined in")?;
    }
    writeln!(f, "{margin}{}+{}", symbol.place, address.saturating_sub(symbol.start))
}

impl fmt::Display for Place {
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
    let mut rest = bytes.get(HEADER..)?;
    let mut part = |at, size: usize| {
        let part = rest.get(..(word(bytes, at)? as usize).checked_mul(size)?)?;
        rest = &rest[part.len()..];
        Some(part)
    };
    Some(Table { rows: part(8, ROW)?, calls: part(12, CALL)?, strings: part(16, 1)? })
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
        let place = self.place(self.rows, row + 8)?;
        let (start, call) = (word(self.rows, row + 4)?, word(self.rows, row + 20)?);
        (!place.function.is_empty()).then_some(Symbol { place, start, table: self, call })
    }

    /// Function, file and line, from three words.
    fn place(self, words: &[u8], at: usize) -> Option<Place> {
        Some(Place {
            function: self.string(word(words, at)?)?,
            file: self.string(word(words, at + 4)?)?,
            line: word(words, at + 8)?,
        })
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

    /// Two functions, the second of which has two lines, one with two inlined calls; then addresses that nothing is known of;
    /// then a call that stands in itself; then a bad string.
    fn example() -> Vec<u8> {
        let rows = [
            [0xf010_0000, 0xf010_0000, 1, 25, 7, 0],
            [0xf010_0020, 0xf010_0020, 13, 25, 9, 0],
            [0xf010_0028, 0xf010_0020, 13, 25, 10, 1],
            [0xf010_0030, 0xf010_0030, 0, 0, 0, 0],
            [0xf010_0040, 0xf010_0040, 1, 25, 1, 3],
            [0xf010_0048, 0xf010_0048, 42, 25, 1, 0],
        ];
        let calls = [[1, 25, 21, 2], [13, 25, 22, 0], [1, 25, 23, 3]];
        let header = [MAGIC, VERSION, rows.len() as u32, calls.len() as u32, STRINGS.len() as u32];
        let words = header.into_iter().chain(rows.into_iter().flatten()).chain(calls.into_iter().flatten());
        words.flat_map(u32::to_le_bytes).chain(STRINGS.iter().copied()).collect()
    }

    fn table(bytes: &[u8]) -> Option<Table> {
        parse(bytes.to_vec().leak())
    }

    #[test]
    fn finds_the_row_that_covers_an_address() {
        let table = table(&example()).unwrap();
        let show = |address| table.find(address).map(|s| format!("{} {:x}", s.place, s.start));
        assert_eq!(show(0xf00f_ffff), None);
        assert_eq!(show(0xf010_001f).unwrap(), "kernel/src/a.rs:7: kernel::one f0100000");
        assert_eq!(show(0xf010_0020).unwrap(), "kernel/src/a.rs:9: kernel::two f0100020");
        assert_eq!(show(0xf010_002f).unwrap(), "kernel/src/a.rs:10: kernel::two f0100020");
        assert_eq!(show(0xf010_0035), None);
        assert_eq!(show(u32::MAX), None);
    }

    #[test]
    fn inlined_calls_come_innermost_first() {
        let table = table(&example()).unwrap();
        let lines = |address| table.find(address).unwrap().inlined().map(|call| call.line).collect::<Vec<_>>();
        assert_eq!((lines(0xf010_0020), lines(0xf010_0028)), (vec![], vec![21, 22]));
        assert_eq!(lines(0xf010_0040), [23; MOST_CALLS], "a circle is left");
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let symbol = |file, line| Place { function: "kernel::one", file, line }.to_string();
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
                let _ = table.find(address).map(|symbol| symbol.inlined().count());
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
