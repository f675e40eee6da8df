//! A timeline as a picture: a row for each CPU, and below them the queue of the lock that was waited for longest.

use std::collections::BTreeMap;

use sync::event::Lock;

use super::timeline::{Interval, Timeline, What};
use super::words::{category, lock_name, name};
use crate::bench::real;
use crate::svg::{Anchor, Svg};

const WIDTH: f64 = 1400.0;
const LEFT: f64 = 70.0;
const TOP: f64 = 56.0;
const ROW: f64 = 24.0;
const QUEUE: f64 = 110.0;

/// What a browser can still draw with ease.
const MOST: usize = 30_000;

/// The whole file.
pub(super) fn svg(timeline: &Timeline, title: &str) -> String {
    let rows = row_height(timeline) * real(timeline.cpus as u64);
    let queue = longest_queue(timeline);
    let height = TOP + rows + 40.0 + if queue.is_some() { QUEUE + 50.0 } else { 0.0 };
    let mut svg = Svg::new(WIDTH, height, title);
    svg.style(include_str!("style.css"));
    svg.area("paper", (0.0, 0.0), (WIDTH, height), "");
    svg.text("title", (LEFT, 20.0), Anchor::Start, title);
    legend(&mut svg);
    for cpu in 0..timeline.cpus {
        row(&mut svg, timeline, cpu);
    }
    axis(&mut svg, timeline, TOP + rows + 16.0);
    if let Some((lock, intervals)) = queue {
        draw_queue(&mut svg, timeline, lock, &intervals, TOP + rows + 60.0);
    }
    svg.finish()
}

/// Rows get lower when there are many.
fn row_height(timeline: &Timeline) -> f64 {
    if timeline.cpus > 16 { ROW / 2.0 } else { ROW }
}

fn x(timeline: &Timeline, ticks: u64) -> f64 {
    let part = real(ticks - timeline.begin) / real((timeline.end - timeline.begin).max(1));
    LEFT + part * (WIDTH - LEFT - 20.0)
}

fn legend(svg: &mut Svg) {
    let kinds = [
        ("user", "user mode"),
        ("kernel", "kernel"),
        ("wait", "waiting for a lock or another CPU"),
        ("hold", "holding a lock (big lock: dark)"),
        ("idle", "idle"),
        ("ipi", "interrupt sent"),
    ];
    let mut at = LEFT;
    for (class, text) in kinds {
        svg.area(class, (at, 32.0), (12.0, 12.0), "");
        svg.text("label", (at + 18.0, 42.0), Anchor::Start, text);
        at += 46.0 + 7.2 * real(text.len() as u64);
    }
}

fn row(svg: &mut Svg, timeline: &Timeline, cpu: usize) {
    let height = row_height(timeline);
    let top = TOP + height * real(cpu as u64);
    svg.text("label", (LEFT - 8.0, top + height / 2.0 + 4.0), Anchor::End, &format!("CPU {cpu}"));
    let own = || timeline.intervals.iter().filter(|interval| interval.cpu == cpu).take(MOST / timeline.cpus.max(1));
    // What a CPU is in first, then what it waits for, over all of it, then what it holds, as a line below.
    for interval in own().filter(|interval| interval.lane == 0) {
        draw(svg, timeline, interval, category(interval.what), (top + 1.0, height - 3.0));
    }
    for interval in own().filter(|interval| interval.lane > 0) {
        match interval.what {
            What::Holds(lock) => {
                let class = if lock == Lock::big() { "hold big" } else { "hold" };
                draw(svg, timeline, interval, class, (top + height * 0.55, height * 0.45 - 2.0));
            }
            _ => draw(svg, timeline, interval, "wait", (top + 1.0, height - 3.0)),
        }
    }
    for sent in timeline.sent.iter().filter(|sent| sent.cpu == cpu) {
        let at = x(timeline, sent.ticks);
        svg.area("ipi", (at - 0.75, top), (1.5, height - 1.0), &format!("interrupt sent to APIC {}", sent.to));
    }
}

fn draw(svg: &mut Svg, timeline: &Timeline, interval: &Interval, class: &str, (top, height): (f64, f64)) {
    let (from, to) = (x(timeline, interval.begin), x(timeline, interval.end));
    let title = format!("CPU {}: {}, {} ticks", interval.cpu, name(interval.what), interval.end - interval.begin);
    // What is too short to be seen is drawn as a hair.
    svg.area(class, (from, top), ((to - from).max(0.15), height), &title);
}

fn axis(svg: &mut Svg, timeline: &Timeline, y: f64) {
    let length = timeline.end - timeline.begin;
    let step = [1, 2, 5, 10]
        .into_iter()
        .map(|of| of * 10_u64.pow(length.max(10).ilog10() - 1))
        .find(|step| length / step <= 12);
    let step = step.unwrap_or(length.max(1));
    for mark in (0..=length / step).map(|mark| mark * step) {
        let text = if mark == 0 { "0 ticks".to_owned() } else { mark.to_string() };
        svg.text("label", (x(timeline, timeline.begin + mark), y), Anchor::Middle, &text);
    }
}

/// The lock that CPUs waited for longest, with those waits.
fn longest_queue(timeline: &Timeline) -> Option<(Lock, Vec<&Interval>)> {
    let mut waits: BTreeMap<Lock, Vec<&Interval>> = BTreeMap::new();
    for interval in &timeline.intervals {
        if let What::Waits(lock) = interval.what {
            waits.entry(lock).or_default().push(interval);
        }
    }
    let ticks = |waits: &[&Interval]| waits.iter().map(|wait| wait.end - wait.begin).sum::<u64>();
    waits.into_iter().max_by_key(|(_, waits)| ticks(waits))
}

/// How many CPUs wait, over time: steps.
pub(super) fn steps(waits: &[&Interval]) -> Vec<(u64, u64)> {
    let mut changes: BTreeMap<u64, i64> = BTreeMap::new();
    for wait in waits {
        *changes.entry(wait.begin).or_default() += 1;
        *changes.entry(wait.end).or_default() -= 1;
    }
    let mut waiting = 0;
    let count = |(at, change): (u64, i64)| {
        waiting += change;
        (at, waiting.unsigned_abs())
    };
    changes.into_iter().map(count).collect()
}

fn draw_queue(svg: &mut Svg, timeline: &Timeline, lock: Lock, waits: &[&Interval], top: f64) {
    let title = format!("CPUs in the queue for the {}", lock_name(lock));
    svg.text("title", (LEFT, top), Anchor::Start, &title);
    let steps = steps(waits);
    let most = steps.iter().map(|step| step.1).max().unwrap_or(1).max(1);
    let (low, unit) = (top + 12.0 + QUEUE, QUEUE / real(most));
    for (count, y) in [(0, low), (most, low - QUEUE)] {
        svg.line("grid", (LEFT, y), (WIDTH - 20.0, y));
        svg.text("label", (LEFT - 8.0, y + 4.0), Anchor::End, &count.to_string());
    }
    let ends = steps.iter().skip(1).map(|step| step.0).chain([timeline.end]);
    for ((at, count), end) in steps.iter().copied().zip(ends) {
        let (from, to) = (x(timeline, at), x(timeline, end));
        let height = real(count) * unit;
        svg.area("wait", (from, low - height), (to - from, height), &format!("{count} CPUs wait"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::timeline::tests::{VM, noted};
    use super::*;
    use sync::event::Event;

    #[test]
    fn the_queue_is_counted() {
        let wait = |begin, end| Interval { cpu: 0, lane: 1, begin, end, what: What::Waits(VM) };
        let waits = [wait(0, 10), wait(5, 8), wait(8, 12)];
        assert_eq!(steps(&waits.iter().collect::<Vec<_>>()), [(0, 1), (5, 2), (8, 2), (10, 1), (12, 0)]);
    }

    #[test]
    fn the_picture_names_what_it_shows() {
        let events =
            noted(&[(10, Event::Kernel), (20, Event::Wants(VM)), (50, Event::Has(VM)), (60, Event::Frees(VM))]);
        let text = svg(&Timeline::of(2, (0, 100), &events), "a < b");
        for wanted in
            ["a &lt; b", "CPU 1", "waits for env vm 3, 30 ticks", "holds env vm 3, 10 ticks", "queue for the env vm 3"]
        {
            assert!(text.contains(wanted), "{wanted} is missing");
        }
    }
}
