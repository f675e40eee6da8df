//! The kernel's symbol table for back-traces, `kernel.sym`, made from its DWARF.
//!
//! The kernel gets it as a module and can then say `kernel/src/run.rs:41` and `kernel::run::forever` for an
//! address, without carrying its own debug information. One row for each change of function, file or
//! line in the code. Where code was inlined, the line is the innermost one (where the text of the
//! instruction stands) and the function is the one that contains it as a symbol.
//!
//! The format, all 32-bit little-endian words: magic `JSYM`, version, number of rows, bytes of strings; the
//! rows, ascending by address: start of the range, start of the function, offset of its name, offset of
//! the file's name, line; then the strings, NUL-terminated, the empty one first.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use object::{Object, ObjectSection, ObjectSymbol, SectionKind, SymbolKind};

use crate::line_rows::{self, SourceLine};

const MAGIC: u32 = u32::from_le_bytes(*b"JSYM");
const VERSION: u32 = 1;

/// A piece of code that belongs to one function and one source line.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    address: u32,
    function: u32,
    name: String,
    source: SourceLine,
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
    let lines = line_rows::read(&file)?;
    let mut starts: Vec<u32> =
        functions.iter().map(|function| function.0).chain(lines.iter().map(|line| line.0)).collect();
    starts.sort_unstable();
    starts.dedup();
    let code: Vec<_> = code_ranges(&file);
    let mut rows: Vec<Row> = Vec::new();
    for address in starts.into_iter().filter(|address| code.iter().any(|range| range.contains(address))) {
        let (function, name) = last_at(&functions, address).cloned().unwrap_or_default();
        let source = last_at(&lines, address).map(|line| line.1.clone()).unwrap_or_default();
        let row = Row { address, function, name, source };
        let same = |last: &Row| (last.function, &last.source) == (row.function, &row.source);
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
        // Assembly code has labels alone.
        let known = !row.source.file.is_empty();
        Some(if known { format!("{}:{}: {}", row.source.file, row.source.line, row.name) } else { row.name.clone() })
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
            let shown = format!("{:#}", rustc_demangle::demangle(name));
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
}

fn encode(rows: &[Row]) -> Result<Vec<u8>> {
    let mut strings = Strings { bytes: vec![0], offsets: HashMap::from([(String::new(), 0)]) };
    let mut words = Vec::with_capacity(rows.len() * 5);
    for row in rows {
        let (name, file) = (strings.offset(&row.name)?, strings.offset(&row.source.file)?);
        words.extend([row.address, row.function, name, file, row.source.line]);
    }
    let header = [MAGIC, VERSION, u32::try_from(rows.len())?, u32::try_from(strings.bytes.len())?];
    let mut bytes: Vec<u8> = header.iter().chain(&words).flat_map(|word| word.to_le_bytes()).collect();
    bytes.extend(strings.bytes);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(address: u32, name: &str, file: &str, line: u32) -> Row {
        let source = SourceLine { file: file.to_owned(), line };
        Row { address, function: 0xf010_0000, name: name.to_owned(), source }
    }

    #[test]
    fn the_format_is_what_the_kernel_reads() {
        let bytes = encode(&[row(0xf010_0000, "f", "a.rs", 7), row(0xf010_0004, "f", "a.rs", 8)]).expect("small");
        let words: Vec<u32> =
            bytes[..56].chunks(4).map(|word| u32::from_le_bytes(word.try_into().expect("four bytes"))).collect();
        assert_eq!(words[..4], [0x4d59_534a, 1, 2, 8]);
        assert_eq!(words[4..9], [0xf010_0000, 0xf010_0000, 1, 3, 7]);
        assert_eq!(words[9..], [0xf010_0004, 0xf010_0000, 1, 3, 8]);
        assert_eq!(&bytes[56..], b"\0f\0a.rs\0");
    }

    #[test]
    fn the_entry_in_force_is_the_last_one_not_after() {
        let list = [(10, 'a'), (20, 'b')];
        assert_eq!(last_at(&list, 9), None);
        assert_eq!(last_at(&list, 19), Some(&(10, 'a')));
        assert_eq!(last_at(&list, 20), Some(&(20, 'b')));
    }
}
