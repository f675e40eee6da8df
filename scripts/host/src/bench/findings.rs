//! What the figures say: speed-up, who is ahead from where on, and where the fine build loses.

use std::fmt::Write;

use super::figure::Cell;
use super::table::shares;
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

    /// The whole in a few sentences.
    pub(super) fn summary(&self) -> Vec<String> {
        let sentences = [self.scaling(), self.gain(), self.waiting(), self.price(), self.loss(), self.unknown()];
        sentences.into_iter().flatten().collect()
    }

    fn scaling(&self) -> Option<String> {
        let (fewest, most) = self.cpus();
        let fine: Vec<_> = self.private().filter_map(|curve| curve.speed_up(0)).collect();
        let big: Vec<_> = self.private().filter_map(|curve| curve.speed_up(1)).collect();
        if most == fewest || fine.is_empty() || big.is_empty() {
            return None;
        }
        let (least, greatest) = (smallest(&fine)?, largest(&fine)?);
        let of = match fine.len() {
            1 => "one workload that need not share anything".to_owned(),
            many => format!("median of {many} workloads that need not share anything; {least:.1} to {greatest:.1}"),
        };
        Some(format!(
            "On {most} CPUs the fine-grained kernel does {:.1} times as much as on {fewest} ({of}), the kernel with one big \
             lock {:.1} times.",
            median(&fine)?,
            median(&big)?,
        ))
    }

    fn gain(&self) -> Option<String> {
        let (_, most) = self.cpus();
        let at_most = |curve: &Curve<'a>| curve.ratios().into_iter().find(|(cpus, _)| *cpus == most);
        let mut gains: Vec<_> = self.private().filter_map(|curve| Some((curve.workload, at_most(curve)?.1))).collect();
        gains.sort_by(|a, b| b.1.total_cmp(&a.1));
        let (first, last) = (gains.first()?, gains.last()?);
        let mut text =
            format!("There the fine locks give {:.1} times the big lock's throughput for {}", first.1, first.0.title);
        if gains.len() > 1 {
            let _ = write!(text, ", the most of all, and {:.1} times for {}, the least", last.1, last.0.title);
        }
        Some(text + ".")
    }

    fn waiting(&self) -> Option<String> {
        let spins = |build: usize| {
            let last = self.private().filter_map(|curve| curve.pairs.last());
            let parts = last.filter_map(|pair| pair[build].detail()).map(|detail| shares(&detail.time)[2] * 100.0);
            median(&parts.collect::<Vec<_>>())
        };
        Some(format!(
            "With the big lock its CPUs then spend {:.0} % of their time waiting in a loop, with the fine locks {:.1} %.",
            spins(1)?,
            spins(0)?
        ))
    }

    /// What the fine locks cost where they can win nothing.
    fn price(&self) -> Option<String> {
        let alone = |curve: &Curve<'a>| {
            let ratio = curve.ratios().into_iter().find(|(cpus, _)| *cpus == 1)?.1;
            Some((curve.workload, (1.0 / ratio - 1.0) * 100.0))
        };
        let mut costs: Vec<_> = self.curves.iter().filter_map(alone).collect();
        costs.sort_by(|a, b| b.1.total_cmp(&a.1));
        let (dearest, cheapest) = (costs.first()?, costs.last()?);
        let all: Vec<_> = costs.iter().map(|cost| cost.1).collect();
        Some(format!(
            "On one CPU, where there is nothing to win, an operation takes {} time on the fine-grained kernel (median; from \
             {} for {} to {} for {}).",
            more(median(&all)?),
            more(cheapest.1),
            cheapest.0.title,
            more(dearest.1),
            dearest.0.title
        ))
    }

    fn loss(&self) -> Option<String> {
        let points: usize = self.curves.iter().map(|curve| curve.ratios().len()).sum();
        let losses = self.losses();
        let Some((workload, cpus, ratio)) = losses.first() else {
            return (points > 0).then(|| format!("The big lock is ahead at none of the {points} points measured."));
        };
        Some(format!(
            "The big lock is ahead at {} of {points} points, the most by {:.1} %: {} on {}.",
            losses.len(),
            (1.0 / ratio - 1.0) * 100.0,
            workload.title,
            count(*cpus)
        ))
    }

    fn unknown(&self) -> Option<String> {
        let failed = self.curves.iter().flat_map(|curve| curve.pairs).flatten().filter(|cell| cell.result.is_err());
        let failed = failed.count();
        let unit = if self.clock == Clock::Rig { "points" } else { "measurements" };
        (failed > 0).then(|| format!("{failed} {unit} failed; their figures are missing."))
    }
}

/// So many CPUs, in words.
pub(super) fn count(cpus: u16) -> String {
    if cpus == 1 { "1 CPU".to_owned() } else { format!("{cpus} CPUs") }
}

/// "3.0 % more", "0.1 % less", "the same".
fn more(percent: f64) -> String {
    match percent {
        percent if percent.abs() < 0.05 => "the same".to_owned(),
        percent if percent > 0.0 => format!("{percent:.1} % more"),
        percent => format!("{:.1} % less", -percent),
    }
}

fn median(values: &[f64]) -> Option<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

fn smallest(values: &[f64]) -> Option<f64> {
    values.iter().copied().min_by(f64::total_cmp)
}

fn largest(values: &[f64]) -> Option<f64> {
    values.iter().copied().max_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::fixture;

    fn results(curves: &[(&str, &[(u64, u64)])]) -> Results {
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
    fn the_summary_has_the_figures() {
        let results = results(&[("null", &[(98, 100), (390, 150)]), ("page", &[(100, 100), (150, 100)])]);
        let text = Findings::of(&results).summary().join("\n");
        for wanted in
            ["On 2 CPUs", "4.0 times as much as on 1", "2.6 times the big lock's", "50 % of their time", "2.0 % more"]
        {
            assert!(text.contains(wanted), "{wanted} is missing in {text}");
        }
        assert!(text.contains("ahead at 1 of 4 points, the most by 2.0 %: null call on 1 CPU"), "{text}");
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
