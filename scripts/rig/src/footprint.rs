//! Which lines of memory the kernel touches for which operation of a program.
//!
//! The program marks the beginning of an operation with its kind, and its end. What an interrupt came into is left out:
//! its lines are not the operation's.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::stack::SHOWN;

/// An instruction and the calls that led to it.
type Way = (u32, [u32; SHOWN]);

/// What was done with one line.
#[derive(Clone, Copy, Debug, Default)]
struct Touch {
    /// Operations that read it, and the first way there.
    reads: u64,
    reader: Option<Way>,
    /// Operations that wrote it, and the first way there.
    writes: u64,
    writer: Option<Way>,
}

impl Touch {
    fn add(&mut self, other: Self) {
        self.reads += other.reads;
        self.writes += other.writes;
        self.reader = self.reader.or(other.reader);
        self.writer = self.writer.or(other.writer);
    }
}

/// An operation that is being executed.
#[derive(Debug, Default)]
struct Operation {
    kind: u8,
    interrupted: bool,
    lines: BTreeMap<u32, Touch>,
}

#[derive(Debug)]
struct Footprints {
    /// By CPU.
    current: BTreeMap<usize, Operation>,
    /// By CPU, kind and line.
    lines: BTreeMap<(usize, u8, u32), Touch>,
    /// Operations that went into that, by CPU and kind.
    done: BTreeMap<(usize, u8), u64>,
}

static FOOTPRINTS: Mutex<Footprints> =
    Mutex::new(Footprints { current: BTreeMap::new(), lines: BTreeMap::new(), done: BTreeMap::new() });

fn lock() -> MutexGuard<'static, Footprints> {
    FOOTPRINTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// On CPU `index` an operation begins.
pub(crate) fn begins(index: usize, kind: u8) {
    lock().current.insert(index, Operation { kind, ..Operation::default() });
}

/// CPU `index` has handled an interrupt.
pub(crate) fn interrupted(index: usize) {
    if let Some(operation) = lock().current.get_mut(&index) {
        operation.interrupted = true;
    }
}

/// In the kernel, CPU `index` has touched a line.
pub(crate) fn touched(index: usize, line: u32, store: bool, place: u32, callers: [u32; SHOWN]) {
    let mut footprints = lock();
    let Some(operation) = footprints.current.get_mut(&index) else { return };
    let touch = operation.lines.entry(line).or_default();
    // Each operation counts once.
    if store {
        touch.writes = 1;
        touch.writer.get_or_insert((place, callers));
    } else {
        touch.reads = 1;
        touch.reader.get_or_insert((place, callers));
    }
}

/// On CPU `index` the operation ends.
pub(crate) fn ends(index: usize) {
    let mut footprints = lock();
    let Some(operation) = footprints.current.remove(&index) else { return };
    if operation.interrupted {
        return;
    }
    *footprints.done.entry((index, operation.kind)).or_default() += 1;
    for (line, touch) in operation.lines {
        footprints.lines.entry((index, operation.kind, line)).or_default().add(touch);
    }
}

/// Writes down all of it.
pub(crate) fn tell(text: &mut String) {
    let footprints = lock();
    // Writing to a string cannot fail.
    for ((cpu, kind), count) in &footprints.done {
        let _ = writeln!(text, "done {cpu} {kind} {count}");
    }
    for ((cpu, kind, line), touch) in &footprints.lines {
        for (word, count, way) in [("read", touch.reads, touch.reader), ("write", touch.writes, touch.writer)] {
            let Some((place, callers)) = way else { continue };
            let _ = write!(text, "{word} {cpu} {kind} {line} {count} {place}");
            for caller in callers.iter().filter(|&&caller| caller != 0) {
                let _ = write!(text, " {caller}");
            }
            text.push('\n');
        }
    }
}
