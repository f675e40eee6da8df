//! The kernel's symbol table for back-traces, `kernel.sym`, made from its DWARF.
//!
//! The kernel gets it as a module and can then say `kernel/src/run.rs:41` and `kernel::run::forever` for an
//! address, without carrying its own debug information. One row for each change of function, file or line in the
//! code. Where code was inlined, the row has the line in the function that contains it as a symbol, and leads to the calls
//! that were inlined there. Those of the kernel alone: what locks and the language's library are made of helps nobody.
//!
//! The format is in `kernel/src/symbols.rs`.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use object::{Object, ObjectSection, ObjectSymbol, SectionKind, SymbolKind};

use crate::debug_info::{self, DebugInfo, Frame};

const MAGIC: u32 = u32::from_le_bytes(*b"JSYM");
const VERSION: u32 = 2;

/// Where calls are shown that were inlined.
const KERNEL: &str = "kernel/src/";

/// A piece of code that belongs to one function and one source line.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    address: u32,
    function: u32,
    /// The function, as the symbol says, and the line in it.
    place: Frame,
    /// The calls that were inlined there, the innermost first.
    inlined: Vec<Frame>,
}

/// Writes the table for the ELF file `kernel` to `to`.
///
/// # Errors
/// When `kernel` cannot be read, has no code or has damaged debug information.
pub fn write(kernel: &Path, to: &Path) -> Result<()> {
    let data = fs::read(kernel).with_context(|| format!("cannot read {}", kernel.display()))?;
    fs::write(to, encode(&rows(&data)?)?).with_context(|| format!("cannot write {}", to.display()))
}

fn rows(data: &[u8]) -> Result<Vec<Row>> {
    let file = object::File::parse(data)?;
    let functions = functions(&file);
    let info = DebugInfo::of(&file)?;
    let lines = info.starts()?.into_iter().filter_map(word);
    let mut starts: Vec<u32> = functions.iter().map(|function| function.0).chain(lines).collect();
    starts.sort_unstable();
    starts.dedup();
    let code: Vec<_> = code_ranges(&file);
    let mut rows: Vec<Row> = Vec::new();
    for address in starts.into_iter().filter(|address| code.iter().any(|range| range.contains(address))) {
        let (function, name) = last_at(&functions, address).cloned().unwrap_or_default();
        let mut inlined = info.frames(u64::from(address));
        let place = Frame { function: name, ..inlined.pop().unwrap_or_default() };
        inlined.retain(|frame| frame.file.starts_with(KERNEL));
        let row = Row { address, function, place, inlined };
        let same = |last: &Row| (last.function, &last.place, &last.inlined) == (row.function, &row.place, &row.inlined);
        if !rows.last().is_some_and(same) {
            rows.push(row);
        }
    }
    Ok(rows)
}

/// The names of a kernel's addresses, for reports made on the host.
#[derive(Debug, Default)]
pub(crate) struct Names(Vec<Row>);

impl Names {
    /// Reads those of the ELF file `kernel`.
    ///
    /// # Errors
    /// As for [`write`].
    pub(crate) fn read(kernel: &Path) -> Result<Self> {
        rows(&fs::read(kernel).with_context(|| format!("cannot read {}", kernel.display()))?).map(Self)
    }

    /// `FILE:LINE: FUNCTION`, if the address is in a function; without the file where nobody knows it.
    pub(crate) fn at(&self, address: u32) -> Option<String> {
        let row = self.0[..self.0.partition_point(|row| row.address <= address)].last()?;
        let Frame { function, file, line } = row.inlined.first().unwrap_or(&row.place);
        // Assembly code has labels alone.
        Some(if file.is_empty() { function.clone() } else { format!("{file}:{line}: {function}") })
    }
}

/// The entry of a list sorted by address that is in force at `address`.
fn last_at<T>(list: &[(u32, T)], address: u32) -> Option<&(u32, T)> {
    list[..list.partition_point(|entry| entry.0 <= address)].last()
}

fn code_ranges(file: &object::File<'_>) -> Vec<std::ops::Range<u32>> {
    let code = file.sections().filter(|section| section.kind() == SectionKind::Text);
    code.filter_map(|section| Some(word(section.address())?..word(section.address() + section.size())?)).collect()
}

/// Start and readable name of every function, sorted. Labels of assembly code count as functions.
fn functions(file: &object::File<'_>) -> Vec<(u32, String)> {
    let mut found: Vec<_> = file
        .symbols()
        .filter(|symbol| matches!(symbol.kind(), SymbolKind::Text | SymbolKind::Label | SymbolKind::Unknown))
        .filter(|symbol| {
            let section = symbol.section_index().and_then(|index| file.section_by_index(index).ok());
            section.is_some_and(|section| section.kind() == SectionKind::Text)
        })
        .filter_map(|symbol| {
            let name = symbol.name().ok().filter(|name| !name.is_empty() && !name.starts_with(".L"))?;
            let shown = debug_info::readable(name);
            Some((word(symbol.address())?, symbol.kind() != SymbolKind::Text, shown))
        })
        .collect();
    // Where a function and a mere label share an address, the function's name is the better one.
    found.sort();
    found.dedup_by_key(|symbol| symbol.0);
    found.into_iter().map(|(address, _, name)| (address, name)).collect()
}

fn word(value: u64) -> Option<u32> {
    u32::try_from(value).ok()
}

/// Strings, each once.
struct Strings {
    bytes: Vec<u8>,
    offsets: HashMap<String, u32>,
}

impl Strings {
    fn offset(&mut self, text: &str) -> Result<u32> {
        if let Some(&offset) = self.offsets.get(text) {
            return Ok(offset);
        }
        let offset = u32::try_from(self.bytes.len())?;
        self.bytes.extend(text.bytes().filter(|&byte| byte != 0).chain([0]));
        self.offsets.insert(text.to_owned(), offset);
        Ok(offset)
    }

    /// Function, file and line.
    fn place(&mut self, frame: &Frame) -> Result<[u32; 3]> {
        Ok([self.offset(&frame.function)?, self.offset(&frame.file)?, frame.line])
    }
}

/// Calls, each once, as words: a call and those around it are a chain that others may share the end of.
#[derive(Default)]
struct Calls {
    words: Vec<u32>,
    numbers: HashMap<[u32; 4], u32>,
}

impl Calls {
    /// The number of the call of these words.
    fn number(&mut self, call: [u32; 4]) -> Result<u32> {
        if let Some(&number) = self.numbers.get(&call) {
            return Ok(number);
        }
        self.words.extend(call);
        let number = u32::try_from(self.words.len() / call.len())?;
        self.numbers.insert(call, number);
        Ok(number)
    }
}

fn encode(rows: &[Row]) -> Result<Vec<u8>> {
    let mut strings = Strings { bytes: vec![0], offsets: HashMap::from([(String::new(), 0)]) };
    let mut calls = Calls::default();
    let mut words = Vec::with_capacity(rows.len() * 6);
    for row in rows {
        let mut around = 0;
        for call in row.inlined.iter().rev() {
            let [function, file, line] = strings.place(call)?;
            around = calls.number([function, file, line, around])?;
        }
        let [function, file, line] = strings.place(&row.place)?;
        words.extend([row.address, row.function, function, file, line, around]);
    }
    let [rows, count, size] = [rows.len(), calls.numbers.len(), strings.bytes.len()].map(u32::try_from);
    let header = [MAGIC, VERSION, rows?, count?, size?];
    let words = header.iter().chain(&words).chain(&calls.words);
    let mut bytes: Vec<u8> = words.flat_map(|word| word.to_le_bytes()).collect();
    bytes.extend(strings.bytes);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(function: &str, file: &str, line: u32) -> Frame {
        Frame { function: function.to_owned(), file: file.to_owned(), line }
    }

    #[test]
    fn the_format_is_what_the_kernel_reads() {
        let calls = || vec![frame("g", "a.rs", 20), frame("h", "a.rs", 30)];
        let row =
            |address, line, inlined| Row { address, function: 0xf010_0000, place: frame("f", "a.rs", line), inlined };
        let rows =
            [row(0xf010_0000, 7, vec![]), row(0xf010_0004, 8, calls()), row(0xf010_0008, 8, calls().split_off(1))];
        let bytes = encode(&rows).expect("small");
        let words: Vec<u32> =
            bytes[..124].chunks(4).map(|word| u32::from_le_bytes(word.try_into().expect("four bytes"))).collect();
        assert_eq!(words[..5], [0x4d59_534a, 2, 3, 2, 12]);
        assert_eq!(words[5..11], [0xf010_0000, 0xf010_0000, 1, 3, 7, 0]);
        assert_eq!(words[11..17], [0xf010_0004, 0xf010_0000, 1, 3, 8, 2]);
        assert_eq!(words[17..23], [0xf010_0008, 0xf010_0000, 1, 3, 8, 1]);
        assert_eq!(words[23..31], [8, 3, 30, 0, 10, 3, 20, 1]);
        assert_eq!(&bytes[124..], b"\0f\0a.rs\0h\0g\0");
    }

    #[test]
    fn the_entry_in_force_is_the_last_one_not_after() {
        let list = [(10, 'a'), (20, 'b')];
        assert_eq!(last_at(&list, 9), None);
        assert_eq!(last_at(&list, 19), Some(&(10, 'a')));
        assert_eq!(last_at(&list, 20), Some(&(20, 'b')));
    }
}
