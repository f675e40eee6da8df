//! The findings in a few sentences, for the top of the report and the end of the table.

use std::fmt::Write;

use super::{Curve, Findings, count, times};
use crate::bench::Clock;
use crate::bench::table::shares;

/// From this on, fine over big on one CPU needs a word.
const HEAD_START: f64 = 1.5;

impl<'a> Findings<'a> {
    /// The whole in a few sentences.
    pub(in crate::bench) fn summary(&self) -> Vec<String> {
        let sentences = [
            self.scaling(),
            self.gain(),
            self.waiting(),
            self.sharing(),
            self.price(),
            self.loss(),
            self.limits(),
            self.unknown(),
        ];
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
        let mut gains: Vec<_> = self.private().filter_map(|curve| Some((curve, curve.ratio_on(most)?))).collect();
        gains.sort_by(|a, b| b.1.total_cmp(&a.1));
        let (first, last) = (gains.first()?, gains.last()?);
        let mut text = format!(
            "There the fine locks give {:.1} times the big lock's throughput for {}",
            first.1, first.0.workload.title
        );
        if gains.len() > 1 {
            let _ = write!(text, ", the most of all, and {:.1} times for {}, the least", last.1, last.0.workload.title);
        }
        text += ".";
        // Then it is not a gain of many CPUs alone.
        if let Some(alone) = first.0.ratio_on(1).filter(|alone| most > 1 && *alone >= HEAD_START) {
            let _ = write!(text, " Of the {:.1}, {alone:.1} times is there on one CPU already.", first.1);
        }
        Some(text)
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

    /// What can't scale, and what the locks make of it all the same.
    fn sharing(&self) -> Option<String> {
        let (fewest, most) = self.cpus();
        let both = |curve: &Curve<'a>| Some((curve.workload, curve.speed_up(0)?, curve.speed_up(1)?));
        let shared: Vec<_> = self.shared().filter_map(both).collect();
        if most == fewest || shared.is_empty() {
            return None;
        }
        let each: Vec<_> = shared
            .iter()
            .map(|(workload, fine, big)| {
                format!(
                    "{} does {} times as much with the fine locks, {} with the big lock",
                    workload.title,
                    times(*fine),
                    times(*big)
                )
            })
            .collect();
        Some(format!(
            "Where JOS's interface puts all CPUs in front of one thing, no kernel can scale: {}.",
            each.join("; ")
        ))
    }

    /// What the fine locks cost where they can win nothing.
    fn price(&self) -> Option<String> {
        let alone = |curve: &Curve<'a>| Some((curve.workload, (1.0 / curve.ratio_on(1)? - 1.0) * 100.0));
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

    /// What must be known to believe the rest.
    fn limits(&self) -> Option<String> {
        let text = "All this is on a virtual machine without caches, where every instruction takes the same time. It shows who \
                    waits for whom; what a lock costs when it moves between CPUs is not in it, which flatters the fine locks.";
        (self.clock == Clock::Rig && !self.curves.is_empty()).then(|| text.to_owned())
    }

    fn unknown(&self) -> Option<String> {
        let failed = self.curves.iter().flat_map(|curve| curve.pairs).flatten().filter(|cell| cell.result.is_err());
        let failed = failed.count();
        let unit = if self.clock == Clock::Rig { "points" } else { "measurements" };
        (failed > 0).then(|| format!("{failed} {unit} failed; their figures are missing."))
    }
}

/// "3.0 % more", "0.1 % less", "the same".
pub(in crate::bench) fn more(percent: f64) -> String {
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
    use super::super::tests::results;
    use super::*;

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
    fn a_head_start_on_one_cpu_is_told_apart() {
        let text = |on_one| Findings::of(&results(&[("null", &[(on_one, 100), (1200, 100)])])).summary().join("\n");
        assert!(text(600).contains("Of the 12.0, 6.0 times is there on one CPU already"), "{}", text(600));
        assert!(!text(120).contains("already"), "{}", text(120));
    }

    #[test]
    fn what_all_share_has_a_sentence() {
        let text = Findings::of(&results(&[("server", &[(100, 100), (100, 40)])])).summary().join("\n");
        assert!(text.contains("one server for all does 1.0 times as much with the fine locks, 0.40 with"), "{text}");
    }
}
