//! What the figures say: speed-up, who is ahead from where on, and where the fine build loses.

mod summary;

pub(super) use summary::more;

use std::collections::BTreeSet;

use super::figure::Cell;
use super::workloads::{Kind, Workload};
use super::{Clock, Results};

/// The figures of one workload.
#[derive(Clone, Copy, Debug)]
pub(super) struct Curve<'a> {
    /// Which.
    pub(super) workload: Workload,
    /// Both builds, by number of CPUs.
    pub(super) pairs: &'a [[Cell; 2]],
    /// See [`Clock::same`].
    pub(super) same: f64,
}

/// Which build is ahead.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Lead {
    /// The fine one, wherever there is a difference.
    Fine,
    /// The fine one from about so many CPUs on (a point between two measured ones, on logarithmic scales).
    FineFrom(f64),
    /// Neither, anywhere.
    None,
    /// The big lock with the most CPUs.
    Big,
    /// A figure is missing.
    Unknown,
}

/// All conclusions.
pub(super) struct Findings<'a> {
    clock: Clock,
    pub(super) curves: Vec<Curve<'a>>,
}

impl Curve<'_> {
    /// Throughput with the most CPUs over throughput with the fewest, of the fine build (0) or the big one (1).
    pub(super) fn speed_up(&self, build: usize) -> Option<f64> {
        let (first, last) = (self.pairs.first()?, self.pairs.last()?);
        Some(last[build].throughput()? / first[build].throughput()?)
    }

    /// How many times the most CPUs are the fewest: what the speed-up could be.
    pub(super) fn ideal(&self) -> f64 {
        let [fewest, most] = [self.pairs.first(), self.pairs.last()].map(|pair| pair.map_or(1, |pair| pair[0].cpus));
        f64::from(most) / f64::from(fewest)
    }

    /// Fine over big, with the number of CPUs, where both are known.
    pub(super) fn ratios(&self) -> Vec<(u16, f64)> {
        let ratio = |[fine, big]: &[Cell; 2]| Some((fine.cpus, fine.throughput()? / big.throughput()?));
        self.pairs.iter().filter_map(ratio).collect()
    }

    /// Fine over big on so many CPUs.
    pub(super) fn ratio_on(&self, cpus: u16) -> Option<f64> {
        self.ratios().into_iter().find(|(of, _)| *of == cpus).map(|(_, ratio)| ratio)
    }

    /// Who is ahead.
    pub(super) fn lead(&self) -> Lead {
        let ratios = self.ratios();
        let Some(&(_, last)) = ratios.last() else { return Lead::Unknown };
        if ratios.len() < self.pairs.len() {
            return Lead::Unknown;
        }
        let Some(behind) = ratios.iter().rposition(|&(_, ratio)| ratio < 1.0 - self.same) else {
            let ahead = ratios.iter().any(|&(_, ratio)| ratio > 1.0 + self.same);
            return if ahead { Lead::Fine } else { Lead::None };
        };
        if last < 1.0 + self.same {
            return if last < 1.0 - self.same { Lead::Big } else { Lead::None };
        }
        let (before, after) = (ratios[behind], ratios[behind + 1]);
        // A straight line between the two on logarithmic scales meets 1 here.
        let part = before.1.ln() / (before.1.ln() - after.1.ln());
        let (from, to) = (f64::from(before.0).ln(), f64::from(after.0).ln());
        Lead::FineFrom((from + (to - from) * part.clamp(0.0, 1.0)).exp())
    }
}

impl<'a> Findings<'a> {
    /// Draws them.
    pub(super) fn of(results: &'a Results) -> Self {
        let chunks = results.pairs.chunk_by(|a, b| a[0].workload.name == b[0].workload.name);
        let same = results.clock.same();
        let curves = chunks.map(|pairs| Curve { workload: pairs[0][0].workload, pairs, same }).collect();
        Self { clock: results.clock, curves }
    }

    /// Those that can scale.
    pub(super) fn private(&self) -> impl Iterator<Item = &Curve<'a>> {
        self.curves.iter().filter(|curve| curve.workload.kind == Kind::Private)
    }

    /// Those that the interface lets not.
    pub(super) fn shared(&self) -> impl Iterator<Item = &Curve<'a>> {
        self.curves.iter().filter(|curve| curve.workload.kind != Kind::Private)
    }

    /// The fewest and the most CPUs that all was measured with.
    pub(super) fn cpus(&self) -> (u16, u16) {
        let all = || self.curves.iter().flat_map(|curve| curve.pairs).map(|pair| pair[0].cpus);
        (all().min().unwrap_or(1), all().max().unwrap_or(1))
    }

    /// All numbers of CPUs that anything was measured with, in words.
    pub(super) fn all_cpus(&self) -> String {
        let all: BTreeSet<_> = self.curves.iter().flat_map(|curve| curve.pairs).map(|pair| pair[0].cpus).collect();
        let words: Vec<_> = all.iter().map(u16::to_string).collect();
        match &words[..] {
            [before @ .., last] if !before.is_empty() => format!("{} and {last} CPUs", before.join(", ")),
            _ => count(self.cpus().1),
        }
    }

    /// Where the big lock is ahead: workload, CPUs, fine over big; the worst first.
    pub(super) fn losses(&self) -> Vec<(Workload, u16, f64)> {
        let of = |curve: &Curve<'a>| {
            let lost = curve.ratios().into_iter().filter(|(_, ratio)| *ratio < 1.0 - curve.same);
            lost.map(|(cpus, ratio)| (curve.workload, cpus, ratio)).collect::<Vec<_>>()
        };
        let mut losses: Vec<_> = self.curves.iter().flat_map(of).collect();
        losses.sort_by(|a, b| a.2.total_cmp(&b.2));
        losses
    }

    /// See [`Clock::same`].
    pub(super) fn same(&self) -> f64 {
        self.clock.same()
    }
}

/// How many times, with as many digits as it is worth.
pub(super) fn times(ratio: f64) -> String {
    if (0.95..1.05).contains(&ratio) || ratio >= 1.95 { format!("{ratio:.1}") } else { format!("{ratio:.2}") }
}

/// So many CPUs, in words.
pub(super) fn count(cpus: u16) -> String {
    if cpus == 1 { "1 CPU".to_owned() } else { format!("{cpus} CPUs") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::fixture;

    pub(super) fn results(curves: &[(&str, &[(u64, u64)])]) -> Results {
        let pairs = curves.iter().flat_map(|(name, operations)| fixture::pairs(name, operations)).collect();
        Results { clock: Clock::Rig, machine: Vec::new(), command: String::new(), pairs }
    }

    #[test]
    fn the_curves_cross_where_they_are_equal() {
        let of = |operations: &[(u64, u64)]| Findings::of(&results(&[("page", operations)])).curves[0].lead();
        assert_eq!(of(&[(100, 90), (200, 90)]), Lead::Fine);
        assert_eq!(of(&[(1000, 1001), (2000, 2001)]), Lead::None);
        assert_eq!(of(&[(90, 100), (100, 200)]), Lead::Big);
        let Lead::FineFrom(cpus) = of(&[(50, 100), (100, 100), (200, 100), (400, 100)]) else { panic!("they cross") };
        assert!((cpus - 2.0).abs() < 1e-9, "{cpus}");
    }

    #[test]
    fn a_missing_figure_is_no_conclusion() {
        let mut results = results(&[("null", &[(98, 100), (390, 150)])]);
        results.pairs[1][0].result = Err("no end".to_owned());
        let findings = Findings::of(&results);
        assert_eq!((findings.curves[0].lead(), findings.curves[0].speed_up(0)), (Lead::Unknown, None));
        assert!(findings.summary().iter().any(|text| text.contains("1 points failed")));
    }
}
