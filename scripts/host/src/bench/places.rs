//! Where in the kernel's source CPUs waited: the line that wanted the lock, not the loop inside the lock.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::debug_info::DebugInfo;
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

/// The places of one kernel.
pub(crate) struct Places {
    debug: DebugInfo,
}

impl Places {
    /// Reads them from the debug information.
    ///
    /// # Errors
    /// When the file has none.
    pub(crate) fn of(kernel: &Path) -> Result<Self> {
        let data = fs::read(kernel).with_context(|| format!("cannot read {}", kernel.display()))?;
        Ok(Self { debug: DebugInfo::of(&object::File::parse(&*data)?)? })
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
    fn frames(&self, address: u64) -> impl Iterator<Item = Place> {
        let frames = self.debug.frames(address).into_iter().filter(|frame| !frame.file.is_empty());
        frames.map(|frame| Place {
            at: format!("{}:{}", frame.file, frame.line),
            code: source_line(&frame.file, frame.line).unwrap_or_default(),
            function: frame.function,
        })
    }
}

fn source_line(file: &str, line: u32) -> Option<String> {
    let index = usize::try_from(line).ok()?.checked_sub(1)?;
    let text = fs::read_to_string(paths::root().join(file)).ok()?;
    Some(text.lines().nth(index)?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_text() {
        let text = source_line("scripts/host/src/bench/places.rs", line!());
        assert!(text.is_some_and(|text| text.starts_with("let text = source_line(")));
        assert_eq!(source_line("scripts/host/src/bench/places.rs", 0), None);
    }

    #[test]
    fn what_is_not_known_is_an_address() {
        let own = std::env::current_exe().expect("this test is a program");
        let places = Places::of(&own).expect("it has debug information");
        let site = SpinSite { pc: u32::MAX, callers: Vec::new(), ticks: 0 };
        assert_eq!(places.who(&site).at, "0xffffffff");
    }
}
