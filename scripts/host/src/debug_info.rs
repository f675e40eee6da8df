//! The DWARF of an ELF file: which functions and lines its code comes from.
//!
//! File names are cut down to what a reader of this project wants to see: relative to its root, and for other crates without
//! the path to where the host keeps them. Names of functions lose what stands in for type parameters at their end.

use std::path::Path;
use std::rc::Rc;

use addr2line::Context;
use anyhow::Result;
use gimli::{EndianRcSlice, LittleEndian};
use object::{Object, ObjectSection};

use crate::paths;

/// A line of a function.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Frame {
    /// The function; empty if not known.
    pub(crate) function: String,
    /// The file, relative to the root of the project where it is part of it; empty if not known.
    pub(crate) file: String,
    /// The line, from 1; 0 for code that no line stands for.
    pub(crate) line: u32,
}

/// The debug information of one file.
pub(crate) struct DebugInfo(Context<EndianRcSlice<LittleEndian>>);

impl DebugInfo {
    /// Reads it.
    ///
    /// # Errors
    /// When it is damaged.
    pub(crate) fn of(file: &object::File<'_>) -> Result<Self> {
        let load = |id: gimli::SectionId| -> Result<_> {
            let section = file.section_by_name(id.name());
            let bytes = section.map_or(Ok(&[][..]), |section| section.data())?;
            Ok(EndianRcSlice::new(Rc::from(bytes), LittleEndian))
        };
        Ok(Self(Context::from_dwarf(gimli::Dwarf::load(load)?)?))
    }

    /// Whose code is at an address, the innermost first: calls that were inlined stand before the function they are in.
    pub(crate) fn frames(&self, address: u64) -> Vec<Frame> {
        let mut found = Vec::new();
        let Ok(mut frames) = self.0.find_frames(address).skip_all_loads() else { return found };
        while let Ok(Some(frame)) = frames.next() {
            let name = frame.function.as_ref().and_then(|function| Some(readable(&function.raw_name().ok()?)));
            let (file, line) = frame.location.map_or((None, None), |location| (location.file, location.line));
            found.push(Frame {
                function: name.unwrap_or_default(),
                file: file.map(shorten).unwrap_or_default(),
                line: line.unwrap_or_default(),
            });
        }
        found
    }

    /// The addresses at which a line's code begins, in any order.
    ///
    /// # Errors
    /// When the debug information is damaged.
    pub(crate) fn starts(&self) -> Result<Vec<u64>> {
        Ok(self.0.find_location_range(0, u64::MAX)?.map(|(start, _, _)| start).collect())
    }
}

/// A linker's name, as a reader knows it.
pub(crate) fn readable(name: &str) -> String {
    let full = format!("{:#}", rustc_demangle::demangle(name));
    // `keep::<Map<Frames, {closure#0}>>` is `keep`: the types say nothing about the place in the source.
    match full.find("::<").filter(|at| *at > 0 && full.ends_with('>')) {
        Some(at) if is_one_list(&full[at + 2..]) => full[..at].to_owned(),
        _ => full,
    }
}

/// Whether the bracket that a text begins with ends with it.
fn is_one_list(text: &str) -> bool {
    let mut depth = 0_i32;
    let mut closes = text.char_indices().filter_map(|(at, letter)| {
        // The arrow of a function's type closes nothing.
        let is_arrow = letter == '>' && text[..at].ends_with('-');
        depth += i32::from(letter == '<') - i32::from(letter == '>' && !is_arrow);
        (depth == 0).then_some(at)
    });
    closes.next() == Some(text.len() - 1)
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
    use std::hint::black_box;

    use object::ObjectSymbol;

    use super::*;

    #[test]
    fn file_names_are_cut_down_to_what_a_reader_knows() {
        let own = paths::root().join("kernel/src/run.rs").display().to_string();
        assert_eq!(shorten(&own), "kernel/src/run.rs");
        assert_eq!(shorten("/usr/src/rustc-1.96.0/library/core/src/fmt/mod.rs"), "core/src/fmt/mod.rs");
        assert_eq!(shorten("/h/.cargo/registry/src/index-1/spin-0.12.3/src/mutex.rs"), "spin-0.12.3/src/mutex.rs");
    }

    #[test]
    fn names_lose_hashes_and_types() {
        assert_eq!(readable("_ZN6kernel5sched4pick17h0123456789abcdefE"), "kernel::sched::pick");
        assert_eq!(readable("entry"), "entry");
        let cut =
            |name: &str| name.find("::<").filter(|at| is_one_list(&name[at + 2..])).map(|at| name[..at].to_owned());
        assert_eq!(cut("a::keep::<b::Map<c, d>>").as_deref(), Some("a::keep"));
        assert_eq!(cut("a::call::<fn(u32) -> u32>").as_deref(), Some("a::call"));
        assert_eq!(cut("a::<b>::keep::<c>"), None);
    }

    /// A function that is one in the program, too, however much is optimised.
    #[inline(never)]
    fn landmark(number: u32) -> u32 {
        black_box(number) + inlined(number)
    }

    #[inline(always)]
    fn inlined(number: u32) -> u32 {
        black_box(number * 7)
    }

    #[test]
    fn functions_and_what_is_inlined_in_them_are_found() {
        assert_eq!(landmark(black_box(1)), 8);
        let own = std::env::current_exe().and_then(std::fs::read).expect("this test is a program");
        let file = object::File::parse(&*own).expect("an ELF file");
        let here = |symbol: &object::Symbol<'_, '_>| {
            symbol.name().is_ok_and(|name| name.contains("debug_info5tests8landmark"))
        };
        let symbol = file.symbols().find(here).expect("the function above is a symbol");
        let info = DebugInfo::of(&file).expect("sound debug information");
        let frames = info.frames(symbol.address());
        assert!(frames[0].file == "scripts/host/src/debug_info.rs" && frames[0].line > 0, "{frames:?}");
        assert!(frames[0].function == "landmark", "{frames:?}");
        let code = symbol.address()..symbol.address() + symbol.size();
        let starts = info.starts().expect("sound debug information");
        let starts: Vec<u64> = starts.into_iter().filter(|start| code.contains(start)).collect();
        assert!(starts.len() > 1, "{starts:?}");
        let is_inlined = |start: &u64| info.frames(*start).iter().any(|frame| frame.function == "inlined");
        assert!(starts.iter().any(is_inlined));
    }
}
