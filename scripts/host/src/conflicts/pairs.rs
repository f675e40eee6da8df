//! Compares what calls touch on one CPU with what others touch on the other.

use std::collections::BTreeMap;

use crate::rig::footprints::{Footprint, Footprints, Touch, Use};

/// Two calls, on different CPUs.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The kinds, the smaller first.
    pub kinds: (u32, u32),
    /// The lines both touch and at least one writes.
    pub lines: BTreeMap<u32, Sharing>,
}

/// How a line is shared.
#[derive(Clone, Debug, Default)]
pub struct Sharing {
    /// Those who write.
    pub writers: Vec<Touch>,
    /// Those who read.
    pub readers: Vec<Touch>,
    /// The part of the writing calls that do.
    pub often: f64,
}

/// A shared line and all who share it.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its physical address.
    pub address: u32,
    /// The calls, two by two.
    pub pairs: Vec<(u32, u32)>,
    /// Those who write.
    pub writers: Vec<Touch>,
    /// Those who read.
    pub readers: Vec<Touch>,
    /// The part of the writing calls that do, where it is the largest.
    pub often: f64,
}

/// What the second worker adds to its kinds (`abi::mark::KINDS`).
pub(super) const SECOND: u32 = 64;

/// Every pair of the kinds from 1 to `kinds`. A worker may have been moved to the other CPU, so what is compared is what
/// different workers did on different CPUs.
pub(super) fn all(footprints: &Footprints, kinds: u32) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for b in 1..=kinds {
        for a in 1..=b {
            let mut lines = BTreeMap::new();
            for cpu in [0, 1] {
                for (first, second) in [((cpu, a), (1 - cpu, b + SECOND)), ((cpu, a + SECOND), (1 - cpu, b))] {
                    if let (Some(first), Some(second)) = (footprints.get(&first), footprints.get(&second)) {
                        compare(first, second, &mut lines);
                    }
                }
            }
            pairs.push(Pair { kinds: (a, b), lines });
        }
    }
    pairs
}

fn compare(first: &Footprint, second: &Footprint, to: &mut BTreeMap<u32, Sharing>) {
    for (&address, one) in &first.lines {
        let Some(other) = second.lines.get(&address) else { continue };
        if one.write.is_none() && other.write.is_none() {
            continue;
        }
        let sharing = to.entry(address).or_default();
        for (used, all) in [(one, first.operations), (other, second.operations)] {
            note(sharing, used, all);
        }
    }
}

fn note(sharing: &mut Sharing, used: &Use, all: u64) {
    if let Some(write) = &used.write {
        sharing.often = sharing.often.max(write.operations as f64 / all.max(1) as f64);
        sharing.writers.push(write.clone());
    }
    sharing.readers.extend(used.read.clone());
}

/// The lines of all pairs, each once, those that most share first.
pub(super) fn lines(pairs: &[Pair]) -> Vec<Line> {
    let mut lines: BTreeMap<u32, Line> = BTreeMap::new();
    for pair in pairs {
        for (&address, sharing) in &pair.lines {
            let empty = Line { address, pairs: Vec::new(), writers: Vec::new(), readers: Vec::new(), often: 0.0 };
            let line = lines.entry(address).or_insert(empty);
            line.pairs.push(pair.kinds);
            line.writers.extend(sharing.writers.clone());
            line.readers.extend(sharing.readers.clone());
            line.often = line.often.max(sharing.often);
        }
    }
    let mut lines: Vec<_> = lines.into_values().collect();
    lines.sort_by_key(|line| std::cmp::Reverse(line.pairs.len()));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A footprint of lines that are read and written.
    fn footprint(read: &[u32], written: &[u32]) -> Footprint {
        let mut footprint = Footprint { operations: 4, ..Footprint::default() };
        let touch = || Some(Touch { operations: 2, way: vec![1] });
        read.iter().for_each(|&line| footprint.lines.entry(line).or_default().read = touch());
        written.iter().for_each(|&line| footprint.lines.entry(line).or_default().write = touch());
        footprint
    }

    fn lines_of(pairs: &[Pair], kinds: (u32, u32)) -> Vec<u32> {
        pairs.iter().filter(|pair| pair.kinds == kinds).flat_map(|pair| pair.lines.keys().copied()).collect()
    }

    #[test]
    fn a_conflict_takes_two_cpus_and_a_write() {
        let footprints = Footprints::from([
            // 0x40 is read by all; 0x80 is CPU 0's own; 0xc0 is written by kind 2 on CPU 1 and read by 1 on CPU 0.
            ((0, 1), footprint(&[0x40, 0xc0], &[0x80])),
            ((0, 2), footprint(&[0x40], &[0x80])),
            ((1, SECOND + 1), footprint(&[0x40], &[])),
            ((1, SECOND + 2), footprint(&[0x40], &[0xc0])),
        ]);
        let pairs = all(&footprints, 2);
        assert_eq!(pairs.len(), 3);
        assert_eq!(lines_of(&pairs, (1, 2)), [0xc0]);
        assert!(lines_of(&pairs, (1, 1)).is_empty() && lines_of(&pairs, (2, 2)).is_empty());
        let lines = lines(&pairs);
        assert_eq!((lines.len(), lines[0].address, lines[0].pairs.as_slice()), (1, 0xc0, &[(1, 2)][..]));
        assert!((lines[0].often - 0.5).abs() < 1e-9);
    }
}
