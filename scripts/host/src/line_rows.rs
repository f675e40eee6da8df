//! Reads the line table of an ELF file's DWARF: which source line each piece of code comes from.
//!
//! A part of [`crate::symbols`]. File names are cut down to what a reader of this project wants to see: relative
//! to its root, and for other crates without the path to where the host keeps them.

use std::borrow::Cow;
use std::path::Path;

use anyhow::Result;
use gimli::{EndianSlice, LittleEndian};
use object::{Object, ObjectSection};

use crate::paths;

type Bytes<'data> = EndianSlice<'data, LittleEndian>;

/// A line of source text. The empty file name stands for "not known".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SourceLine {
    /// The file, relative to the root of the project where it is part of it.
    pub(crate) file: String,
    /// The line, from 1; 0 for code that no line stands for.
    pub(crate) line: u32,
}

/// The address of each change of line, sorted, one entry an address.
///
/// # Errors
/// When the debug information is damaged.
pub(crate) fn read(file: &object::File<'_>) -> Result<Vec<(u32, SourceLine)>> {
    let load = |section: gimli::SectionId| -> Result<Cow<'_, [u8]>> {
        Ok(file.section_by_name(section.name()).map_or(Ok(Cow::default()), |section| section.uncompressed_data())?)
    };
    let sections = gimli::DwarfSections::load(load)?;
    let dwarf = sections.borrow(|section| EndianSlice::new(section, LittleEndian));
    let mut lines = Vec::new();
    let mut units = dwarf.units();
    while let Some(header) = units.next()? {
        let unit = dwarf.unit(header)?;
        read_unit(&dwarf, &unit, &mut lines)?;
    }
    // The end of one sequence must not hide the start of the next at the same address. The sort is stable,
    // so of several entries for an address the last one stays, which is the one that covers code.
    lines.sort_by_key(|(address, is_end, _)| (*address, !is_end));
    lines.reverse();
    lines.dedup_by_key(|line| line.0);
    lines.reverse();
    Ok(lines.into_iter().map(|(address, _, line)| (address, line)).collect())
}

/// Adds the rows of one unit: address, whether a sequence ends there, and the line that begins.
fn read_unit(
    dwarf: &gimli::Dwarf<Bytes<'_>>,
    unit: &gimli::Unit<Bytes<'_>>,
    to: &mut Vec<(u32, bool, SourceLine)>,
) -> Result<()> {
    let Some(program) = unit.line_program.clone() else {
        return Ok(());
    };
    let mut names: Vec<Option<String>> = Vec::new();
    let mut rows = program.rows();
    let mut last = SourceLine::default();
    while let Some((header, row)) = rows.next_row()? {
        let Ok(address) = u32::try_from(row.address()) else {
            continue;
        };
        if row.end_sequence() {
            last = SourceLine::default();
        } else if let Some(line) = row.line() {
            // Code without a line of its own belongs to the line before it.
            let index = usize::try_from(row.file_index())?;
            names.resize(names.len().max(index + 1), None);
            let file = match &names[index] {
                Some(name) => name.clone(),
                None => {
                    let name = row.file(header).map(|file| file_name(dwarf, unit, header, file)).transpose()?;
                    names[index].insert(name.unwrap_or_default()).clone()
                }
            };
            last = SourceLine { file, line: u32::try_from(line.get())? };
        }
        to.push((address, row.end_sequence(), last.clone()));
    }
    Ok(())
}

fn file_name(
    dwarf: &gimli::Dwarf<Bytes<'_>>,
    unit: &gimli::Unit<Bytes<'_>>,
    header: &gimli::LineProgramHeader<Bytes<'_>>,
    file: &gimli::FileEntry<Bytes<'_>>,
) -> Result<String> {
    let mut path = unit.comp_dir.map(|folder| folder.to_string_lossy().into_owned()).unwrap_or_default();
    if let Some(folder) = file.directory(header) {
        path = join(&path, &dwarf.attr_string(unit, folder)?.to_string_lossy());
    }
    Ok(shorten(&join(&path, &dwarf.attr_string(unit, file.path_name())?.to_string_lossy())))
}

fn join(folder: &str, name: &str) -> String {
    Path::new(folder).join(name).display().to_string()
}

fn shorten(path: &str) -> String {
    if let Ok(inside) = Path::new(path).strip_prefix(paths::root()) {
        return inside.display().to_string();
    }
    // .../library/core/src/fmt/mod.rs, wherever the toolchain lies.
    if let Some((_, inside)) = path.split_once("/library/") {
        return inside.to_owned();
    }
    // .../registry/src/<registry>/spin-0.12.3/src/mutex.rs
    if let Some((_, inside)) = path.split_once("/registry/src/")
        && let Some((_, inside)) = inside.split_once('/')
    {
        return inside.to_owned();
    }
    path.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_cut_down_to_what_a_reader_knows() {
        let own = paths::root().join("kernel/src/run.rs").display().to_string();
        assert_eq!(shorten(&own), "kernel/src/run.rs");
        assert_eq!(shorten("/usr/src/rustc-1.96.0/library/core/src/fmt/mod.rs"), "core/src/fmt/mod.rs");
        assert_eq!(shorten("/h/.cargo/registry/src/index-1/spin-0.12.3/src/mutex.rs"), "spin-0.12.3/src/mutex.rs");
    }

    #[test]
    fn this_very_test_has_a_line_table() {
        let own = std::env::current_exe().and_then(std::fs::read).expect("this test is a program");
        let file = object::File::parse(&*own).expect("an ELF file");
        let lines = read(&file).expect("sound debug information");
        assert!(lines.iter().any(|(_, line)| line.file == "scripts/host/src/line_rows.rs" && line.line > 0));
        assert!(lines.is_sorted_by(|a, b| a.0 < b.0));
    }
}
