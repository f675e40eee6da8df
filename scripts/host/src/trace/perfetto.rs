//! A timeline as Chrome's JSON of trace events, which Perfetto (ui.perfetto.dev) and `chrome://tracing` read.
//!
//! A CPU is a thread there, and its locks are further threads below it. A tick is shown as a nanosecond.

use serde_json::{Value, json};

use super::timeline::Timeline;
use super::words::{category, name};

/// Threads there are for each CPU.
const LANES: usize = 16;

/// The whole file.
pub(super) fn json(timeline: &Timeline, title: &str) -> Value {
    let mut events = vec![json!({ "ph": "M", "name": "process_name", "pid": 1, "args": { "name": title } })];
    let deepest = timeline.intervals.iter().map(|interval| interval.lane).max().unwrap_or(0).min(LANES - 1);
    for cpu in 0..timeline.cpus {
        for lane in 0..=deepest {
            let thread = cpu * LANES + lane + 1;
            let text = if lane == 0 { format!("CPU {cpu}") } else { format!("CPU {cpu}: locks {lane}") };
            events.push(json!({ "ph": "M", "name": "thread_name", "pid": 1, "tid": thread, "args": { "name": text } }));
            let order = json!({ "sort_index": thread });
            events.push(json!({ "ph": "M", "name": "thread_sort_index", "pid": 1, "tid": thread, "args": order }));
        }
    }
    for interval in &timeline.intervals {
        let thread = interval.cpu * LANES + interval.lane.min(LANES - 1) + 1;
        events.push(json!({
            "ph": "X", "name": name(interval.what), "cat": category(interval.what), "pid": 1, "tid": thread,
            "ts": micros(interval.begin - timeline.begin), "dur": micros(interval.end - interval.begin),
        }));
    }
    for sent in &timeline.sent {
        let text = format!("IPI to APIC {}", sent.to);
        events.push(json!({
            "ph": "i", "s": "t", "name": text, "cat": "ipi", "pid": 1, "tid": sent.cpu * LANES + 1,
            "ts": micros(sent.ticks - timeline.begin),
        }));
    }
    json!({ "displayTimeUnit": "ns", "traceEvents": events })
}

/// Ticks in the format's unit, a thousand to one.
fn micros(ticks: u64) -> f64 {
    crate::bench::real(ticks) / 1000.0
}

#[cfg(test)]
mod tests {
    use sync::event::Event;

    use super::super::timeline::tests::{VM, noted};
    use super::*;

    #[test]
    fn intervals_become_complete_events() {
        let events =
            noted(&[(1000, Event::Kernel), (2000, Event::Has(VM)), (2500, Event::Frees(VM)), (2600, Event::Sends(7))]);
        let value = json(&Timeline::of(1, (0, 4000), &events), "fine");
        let all = value["traceEvents"].as_array().expect("a list");
        let complete: Vec<_> = all.iter().filter(|event| event["ph"] == "X").collect();
        assert_eq!(complete.len(), 3);
        assert_eq!((&complete[1]["ts"], &complete[1]["dur"]), (&json!(2.0), &json!(0.5)));
        assert_eq!(complete[1]["name"], "holds env vm 3");
        assert_ne!(complete[1]["tid"], complete[0]["tid"]);
        assert!(all.iter().any(|event| event["ph"] == "i" && event["name"] == "IPI to APIC 7"));
    }
}
