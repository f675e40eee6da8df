//! Where in the kernel's source CPUs waited: the line that wanted the lock, not the loop inside the lock.

use std::fs;
use std::path::Path;
use std::rc::Rc;

use addr2line::Context;
use anyhow::{Context as _, Result};
use gimli::{EndianRcSlice, LittleEndian};
use object::{Object, ObjectSection};

use crate::paths;
use crate::rig::SpinSite;

/// A line of the kernel's source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    /// File and line, relative to the root of the project: `kernel/src/sched.rs:205`.
    pub(crate) at: String,
    /// The function it is in.
    pub(crate) function: String,
    /// The text of the line.
    pub(crate) code: String,
}

/// The debug information of one kernel.
pub(crate) struct Places {
    debug: Context<EndianRcSlice<LittleEndian>>,
}

impl Places {
    /// Reads it.
    ///
    /// # Errors
    /// When the file has none.
    pub(crate) fn of(kernel: &Path) -> Result<Self> {
        let data = fs::read(kernel).with_context(|| format!("cannot read {}", kernel.display()))?;
        let file = object::File::parse(&*data)?;
        let load = |id: gimli::SectionId| -> Result<_> {
            let section = file.section_by_name(id.name());
            let bytes = section.map_or(Ok(&[][..]), |section| section.data())?;
            Ok(EndianRcSlice::new(Rc::from(bytes), LittleEndian))
        };
        Ok(Self { debug: Context::from_dwarf(gimli::Dwarf::load(load)?)? })
    }

    /// Who waited at `site`: the innermost function that is not part of the lock itself. Where code was inlined, functions
    /// are looked at one by one as they stand in the source.
    pub(crate) fn who(&self, site: &SpinSite) -> Place {
        let mut innermost = None;
        for address in std::iter::once(&site.pc).chain(&site.callers) {
            for place in self.frames(u64::from(*address)) {
                if !place.at.starts_with("kernel/sync/") && place.at.starts_with("kernel/") {
                    return place;
                }
                innermost.get_or_insert(place);
            }
        }
        innermost.unwrap_or_else(|| Place { at: format!("{:#010x}", site.pc), ..Place::default() })
    }

    /// The functions at an address, the innermost first.
    fn frames(&self, address: u64) -> Vec<Place> {
        let mut places = Vec::new();
        let Ok(mut frames) = self.debug.find_frames(address).skip_all_loads() else { return places };
        while let Ok(Some(frame)) = frames.next() {
            let Some(location) = frame.location else { continue };
            let (file, line) = (short(location.file.unwrap_or_default()), location.line.unwrap_or_default());
            let name = frame.function.and_then(|function| Some(function.demangle().ok()?.into_owned()));
            let code = source_line(&file, line).unwrap_or_default();
            places.push(Place { at: format!("{file}:{line}"), function: plain(&name.unwrap_or_default()), code });
        }
        places
    }
}

/// A path relative to the root of the project, if it is inside.
fn short(file: &str) -> String {
    let root = format!("{}/", paths::root().display());
    file.strip_prefix(&root).unwrap_or(file).to_owned()
}

/// A function's name without the hash at its end.
fn plain(name: &str) -> String {
    match name.rsplit_once("::h") {
        Some((start, hash)) if hash.len() == 16 && hash.chars().all(|digit| digit.is_ascii_hexdigit()) => {
            start.to_owned()
        }
        _ => name.to_owned(),
    }
}

fn source_line(file: &str, line: u32) -> Option<String> {
    let index = usize::try_from(line).ok()?.checked_sub(1)?;
    let text = fs::read_to_string(paths::root().join(file)).ok()?;
    Some(text.lines().nth(index)?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    use object::ObjectSymbol;

    use super::*;

    #[test]
    fn names_lose_their_hash_only() {
        assert_eq!(plain("kernel::sched::pick::h0123456789abcdef"), "kernel::sched::pick");
        assert_eq!(plain("kernel::sched::h::pick"), "kernel::sched::h::pick");
    }

    /// A function that is one in the program, too, however much is optimised.
    #[inline(never)]
    fn landmark(number: u32) -> u32 {
        black_box(number) + 4711
    }

    #[test]
    fn a_function_is_found_in_its_file() {
        assert_eq!(landmark(black_box(1)), 4712);
        let own = std::env::current_exe().expect("this test is a program");
        let data = fs::read(&own).expect("it can be read");
        let file = object::File::parse(&*data).expect("it is an ELF file");
        let here = |symbol: &object::Symbol<'_, '_>| symbol.name().is_ok_and(|name| name.contains("landmark"));
        let address = file.symbols().find(here).expect("the function above is a symbol").address();
        let places = Places::of(&own).expect("it has debug information").frames(address);
        assert!(places[0].at.starts_with("scripts/host/src/bench/places.rs:"), "{places:?}");
        assert!(places[0].code.starts_with("fn landmark"), "{places:?}");
    }

    #[test]
    fn what_is_not_known_is_an_address() {
        let own = std::env::current_exe().expect("this test is a program");
        let places = Places::of(&own).expect("it has debug information");
        let site = SpinSite { pc: u32::MAX, callers: Vec::new(), ticks: 0 };
        assert_eq!(places.who(&site).at, "0xffffffff");
    }
}
