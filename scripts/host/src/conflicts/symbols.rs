//! What lies at an address of the kernel's memory.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use object::{Object, ObjectSymbol, SymbolKind};

use crate::rig::footprints::LINE;

/// Where physical memory appears in the kernel (`abi::layout::KERNBASE`).
const KERNBASE: u32 = 0xf000_0000;

/// The kernel's variables.
pub(super) struct Symbols {
    /// Address, size, name; by address.
    variables: Vec<(u32, u32, String)>,
    /// Behind the last of them.
    end: u32,
}

impl Symbols {
    /// Reads the ELF file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn of(kernel: &Path) -> Result<Self> {
        let data = fs::read(kernel).with_context(|| format!("cannot read {}", kernel.display()))?;
        let file = object::File::parse(&*data)?;
        let mut variables: Vec<_> = file
            .symbols()
            .filter(|symbol| symbol.kind() == SymbolKind::Data && symbol.size() > 0)
            .filter_map(|symbol| {
                let name = format!("{:#}", rustc_demangle::demangle(symbol.name().ok()?));
                Some((u32::try_from(symbol.address()).ok()?, u32::try_from(symbol.size()).ok()?, name))
            })
            .collect();
        variables.sort();
        let end = variables.last().map_or(KERNBASE, |(address, size, _)| address + size);
        Ok(Self { variables, end })
    }

    /// What lies in the line at physical address `line`.
    pub(super) fn at(&self, line: u32) -> String {
        let start = KERNBASE + line;
        let inside =
            self.variables.iter().filter(|(address, size, _)| *address < start + LINE && address + size > start);
        let names: Vec<_> = inside
            .map(
                |(address, _, name)| {
                    if *address < start { format!("{name}+{:#x}", start - address) } else { name.clone() }
                },
            )
            .collect();
        if !names.is_empty() {
            names.join(", ")
        } else if start < self.end {
            "the kernel's image".to_owned()
        } else {
            format!("frame {:#x}, byte {}", line >> 12, line & 0xfff)
        }
    }
}
