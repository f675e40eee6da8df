//! One figure: what was measured, and how it is written for machines.

use serde_json::{Value, json};

use super::places::Place;
use super::workloads::Workload;
use crate::kernel_build::Build;
use crate::rig::CpuTime;

/// How long the measured work took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Span {
    /// Seconds of the host's clock.
    Seconds(f64),
    /// Ticks of the rig's virtual time.
    Ticks(u64),
}

/// Where CPUs waited in the kernel.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wait {
    /// The place in the source.
    pub(super) place: Place,
    /// Ticks, all CPUs together.
    pub(super) ticks: u64,
}

/// What only the rig knows.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Detail {
    /// All CPUs' time, added up.
    pub(super) time: CpuTime,
    /// Where they waited, the longest first.
    pub(super) waits: Vec<Wait>,
    /// Operations per million ticks with the model of caches, if that was asked for.
    pub(super) modelled: Option<f64>,
    /// How often a CPU was let go out of turn, and how many turns there were.
    pub(super) forced: u64,
    /// See `forced`.
    pub(super) turns: u64,
}

/// What one measurement gave.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Figure {
    /// Operations, all workers together.
    pub(super) operations: u64,
    /// The time for them.
    pub(super) span: Span,
    /// Empty for the wall clock.
    pub(super) detail: Option<Detail>,
}

/// The result of one build, workload and number of CPUs.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    /// How the kernel locks.
    pub(super) build: Build,
    /// What ran.
    pub(super) workload: Workload,
    /// Guest CPUs.
    pub(super) cpus: u16,
    /// What was measured, or what went wrong.
    pub(super) result: Result<Figure, String>,
}

impl Figure {
    /// Operations a second, or per million ticks.
    pub(super) fn throughput(&self) -> f64 {
        let time = match self.span {
            Span::Seconds(seconds) => seconds,
            Span::Ticks(ticks) => real(ticks) / 1e6,
        };
        if time > 0.0 { real(self.operations) / time } else { 0.0 }
    }
}

impl Cell {
    /// Operations a second, or per million ticks; nothing if the measurement failed.
    pub(super) fn throughput(&self) -> Option<f64> {
        self.result.as_ref().ok().map(Figure::throughput)
    }

    /// What only the rig knows.
    pub(super) fn detail(&self) -> Option<&Detail> {
        self.result.as_ref().ok()?.detail.as_ref()
    }

    /// All of it.
    pub(super) fn json(&self) -> Value {
        let figure = self.result.as_ref().ok();
        let (seconds, ticks) = match figure.map(|figure| figure.span) {
            Some(Span::Seconds(seconds)) => (Some(seconds), None),
            Some(Span::Ticks(ticks)) => (None, Some(ticks)),
            None => (None, None),
        };
        let mut value = json!({
            "build": self.build.to_string(), "workload": self.workload.name, "cpus": self.cpus,
            "ops": figure.map(|figure| figure.operations), "throughput": self.throughput(),
            "seconds": seconds, "ticks": ticks,
        });
        if let Some(detail) = self.detail() {
            let time = detail.time;
            value["time"] = json!({ "user": time.user, "kernel": time.kernel, "spin": time.spin, "idle": time.idle });
            value["waits"] = detail.waits.iter().map(Wait::json).collect();
            value["modelled"] = json!(detail.modelled);
            value["forced"] = json!(detail.forced);
            value["turns"] = json!(detail.turns);
        }
        if let Err(why) = &self.result {
            value["error"] = json!(why);
        }
        value
    }

    /// One line of a table with commas; see [`CSV_HEAD`].
    pub(super) fn csv(&self) -> String {
        let value = self.json();
        let word = |value: &Value| match value {
            Value::Null => String::new(),
            Value::String(text) => format!("\"{}\"", text.replace('"', "\"\"")),
            other => other.to_string(),
        };
        let columns = ["build", "workload", "cpus", "ops", "seconds", "ticks", "throughput"];
        let mut words: Vec<_> = columns.iter().map(|name| word(&value[name])).collect();
        words.extend(["user", "kernel", "spin", "idle"].map(|name| word(&value["time"][name])));
        words.extend(["modelled", "forced", "turns", "error"].map(|name| word(&value[name])));
        words.join(",")
    }
}

/// The names of the columns of [`Cell::csv`].
pub(super) const CSV_HEAD: &str =
    "build,workload,cpus,ops,seconds,ticks,throughput,user,kernel,spin,idle,modelled,forced,turns,error";

impl Wait {
    fn json(&self) -> Value {
        let place = &self.place;
        json!({ "ticks": self.ticks, "place": place.at, "function": place.function, "code": place.code })
    }
}

/// A count as a real number; beyond 2^53, which none reaches, the last digits would go.
#[expect(clippy::cast_precision_loss, reason = "see above")]
pub(crate) fn real(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::fixture;

    #[test]
    fn throughput_is_per_second_or_per_million_ticks() {
        let figure = |span| Figure { operations: 100, span, detail: None };
        assert!((figure(Span::Seconds(0.5)).throughput() - 200.0).abs() < 1e-9);
        assert!((figure(Span::Ticks(2_000_000)).throughput() - 50.0).abs() < 1e-9);
    }

    #[test]
    fn a_line_has_a_word_for_each_column() {
        let columns = CSV_HEAD.split(',').count();
        let good = fixture::cell(Build::Fine, "page", 4, 1000, 100);
        let bad = Cell { result: Err("no end".to_owned()), ..good.clone() };
        assert_eq!((good.csv().split(',').count(), bad.csv().split(',').count()), (columns, columns));
        assert!(good.csv().starts_with("\"fine\",\"page\",4,1000,,1000000,1000.0,"), "{}", good.csv());
        assert!(bad.csv().ends_with(",\"no end\""), "{}", bad.csv());
        assert!(bad.json()["throughput"].is_null());
    }
}
