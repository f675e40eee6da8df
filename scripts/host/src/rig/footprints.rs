//! What operations touch: lines of the kernel's memory, by CPU and kind of operation.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

/// Bytes in a line.
pub const LINE: u32 = 64;

/// One way of touching a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touch {
    /// How many operations did.
    pub operations: u64,
    /// The instruction, and the calls that led to it, innermost first: the first time.
    pub way: Vec<u32>,
}

/// What was done with one line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Use {
    /// It was read.
    pub read: Option<Touch>,
    /// It was written.
    pub write: Option<Touch>,
}

/// What one kind of operation does on one CPU.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Operations looked at.
    pub operations: u64,
    /// By physical address of the line.
    pub lines: BTreeMap<u32, Use>,
}

/// By CPU and kind.
pub type Footprints = BTreeMap<(u32, u32), Footprint>;

/// CPU, kind, operations.
pub(super) fn done(to: &mut Footprints, numbers: &[u64]) -> Result<()> {
    let [cpu, kind, operations] = numbers else { bail!("\"done\" has three numbers, not {numbers:?}") };
    to.entry((u32::try_from(*cpu)?, u32::try_from(*kind)?)).or_default().operations = *operations;
    Ok(())
}

/// CPU, kind, line, operations, the way there.
pub(super) fn touch(to: &mut Footprints, write: bool, numbers: &[u64]) -> Result<()> {
    let [cpu, kind, line, operations, way @ ..] = numbers else { bail!("a touch has more numbers than {numbers:?}") };
    let footprint = to.entry((u32::try_from(*cpu)?, u32::try_from(*kind)?)).or_default();
    let there = footprint.lines.entry(u32::try_from(line * u64::from(LINE))?).or_default();
    let way = way.iter().map(|&place| u32::try_from(place)).collect::<Result<_, _>>()?;
    let touch = Some(Touch { operations: *operations, way });
    if write {
        there.write = touch;
    } else {
        there.read = touch;
    }
    Ok(())
}
