//! `jos bench --against FILE`: these figures beside those that `--json` wrote before.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::clock::Clock;
use super::figure::Cell;
use super::table::rate;
use crate::outcome::Outcome;

/// The figures of another run.
pub(super) struct Earlier {
    results: Vec<Value>,
    /// What is called a difference.
    same: f64,
}

/// How two runs compare.
#[derive(Debug, PartialEq)]
struct Comparison {
    /// Figures that both have.
    common: usize,
    /// Those that differ too much, or that only one run could take, in words.
    bad: Vec<String>,
    /// The greatest difference, as a part of the earlier figure, and whose it is.
    worst: (f64, String),
}

impl Earlier {
    /// Reads them.
    ///
    /// # Errors
    /// When there is no such file, or it is not of `bench --json` with the same clock.
    pub(super) fn read(file: &Path, clock: Clock) -> Result<Self> {
        let name = file.display();
        let text = fs::read_to_string(file).with_context(|| format!("cannot read {name}"))?;
        let mut value: Value = serde_json::from_str(&text).with_context(|| format!("{name} is not JSON"))?;
        let Value::Array(results) = value["results"].take() else {
            bail!("{name} has no figures of `scripts/jos bench --json`")
        };
        if value["unit"] != clock.unit() {
            bail!("{name} has figures in {}, and these are {}: they do not compare", value["unit"], clock.unit());
        }
        Ok(Self { results, same: clock.same() })
    }

    /// Says how `cells` compare with them: well, if none differs by more than figures of this clock do when repeated.
    pub(super) fn compare<'a>(&self, cells: impl Iterator<Item = &'a Cell>) -> Outcome {
        let comparison = self.with(cells);
        for line in &comparison.bad {
            println!("{line}");
        }
        let (worst, whose) = &comparison.worst;
        println!(
            "{} figures compared, {} differ by more than {} %; the most by {:.2} %{whose}",
            comparison.common,
            comparison.bad.len(),
            self.same * 100.0,
            worst * 100.0,
        );
        if comparison.common > 0 && comparison.bad.is_empty() { Outcome::Good } else { Outcome::Failed }
    }

    fn with<'a>(&self, cells: impl Iterator<Item = &'a Cell>) -> Comparison {
        let mut comparison = Comparison { common: 0, bad: Vec::new(), worst: (0.0, String::new()) };
        for cell in cells {
            let now = cell.json();
            let is_it = |then: &&Value| ["build", "workload", "cpus"].iter().all(|key| then[key] == now[key]);
            let Some(then) = self.results.iter().find(is_it) else { continue };
            comparison.common += 1;
            let (before, after) = (then["throughput"].as_f64(), cell.throughput());
            let difference = match (before, after) {
                (Some(before), Some(after)) if before > 0.0 => after / before - 1.0,
                _ => f64::INFINITY,
            };
            let name = format!("{}, {}, {} CPUs", cell.workload.name, cell.build, cell.cpus);
            if difference.abs() > self.same {
                let [before, after] = [rate(before), rate(after)];
                comparison.bad.push(format!("{name}: {before} then, {after} now, {:+.2} %", difference * 100.0));
            }
            if difference.abs() > comparison.worst.0 {
                comparison.worst = (difference.abs(), format!(" ({name})"));
            }
        }
        comparison
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::fixture;
    use crate::kernel_build::Build;

    fn earlier(cells: &[Cell]) -> Earlier {
        Earlier { results: cells.iter().map(Cell::json).collect(), same: 0.005 }
    }

    #[test]
    fn a_difference_is_found_and_named() {
        let at = |cpus, operations| fixture::cell(Build::Fine, "page", cpus, operations, 0);
        let before = earlier(&[at(1, 1000), at(2, 2000), at(4, 4000)]);
        let close = before.with([at(1, 1004), at(2, 2000)].iter());
        assert_eq!((close.common, close.bad.len()), (2, 0));
        assert_eq!(close.worst.1, " (page, fine, 1 CPUs)");
        let far = before.with([at(1, 1000), at(2, 1980)].iter());
        assert_eq!(far.bad, ["page, fine, 2 CPUs: 2000 then, 1980 now, -1.00 %"]);
    }

    #[test]
    fn what_failed_differs_and_what_is_missing_is_not_compared() {
        let page = fixture::cell(Build::Big, "page", 8, 100, 0);
        let failed = Cell { result: Err("no end".to_owned()), ..page.clone() };
        assert_eq!(earlier(std::slice::from_ref(&page)).with(std::slice::from_ref(&failed).iter()).bad.len(), 1);
        assert_eq!(earlier(&[failed]).with([page.clone()].iter()).bad.len(), 1);
        assert_eq!(earlier(&[page]).with([fixture::cell(Build::Fine, "page", 8, 100, 0)].iter()).common, 0);
    }
}
