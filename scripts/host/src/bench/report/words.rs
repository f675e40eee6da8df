//! What the report says in words: each workload's verdict, and what the terms mean.

use crate::bench::Clock;
use crate::bench::findings::{Curve, Lead, count, times};
use crate::svg::escape;

/// One workload's figures in a sentence or two.
pub(super) fn verdict(curve: &Curve<'_>) -> String {
    let Some(last) = curve.pairs.last() else { return String::new() };
    let (most, first) = (last[0].cpus, curve.pairs[0][0].cpus);
    let mut text = String::new();
    if let (Some(fine), Some(big), true) = (curve.speed_up(0), curve.speed_up(1), most > first) {
        text += &format!(
            "{} do {} times as much as {} with fine locks, {} times with the big lock. ",
            count(most),
            times(fine),
            count(first),
            times(big)
        );
    }
    if let Some((cpus, ratio)) = curve.ratios().last() {
        text += &format!("On {} the fine locks give {} times the big lock's throughput. ", count(*cpus), times(*ratio));
    }
    text + &match curve.lead() {
        Lead::Fine => "They are nowhere behind.".to_owned(),
        Lead::FineFrom(cpus) => format!("The curves cross at about {cpus:.1} CPUs; with fewer the big lock is ahead."),
        Lead::None => "With the most CPUs, there is no difference to speak of.".to_owned(),
        Lead::Big => "With the most CPUs, the big lock is ahead.".to_owned(),
        Lead::Unknown => "A figure is missing, so there is no verdict.".to_owned(),
    }
}

/// What the terms mean, for somebody who has never seen the project.
pub(super) fn glossary(clock: Clock) -> String {
    let shown = TERMS.iter().filter(|(only, ..)| only.is_none_or(|only| only == clock));
    let items: Vec<_> =
        shown.map(|(_, term, text)| format!("<dt>{}</dt><dd>{}</dd>\n", escape(term), escape(text))).collect();
    format!("<h2>What the figures mean</h2>\n<dl>\n{}</dl>\n", items.concat())
}

/// Each with the one clock it is about, if it is not about all.
const TERMS: [(Option<Clock>, &str, &str); 10] = [
    (
        None,
        "kernel lock",
        "What a CPU holds while it changes something in the kernel that others change, too; who wants it meanwhile waits. The \
         big-lock kernel has one for everything, so only one CPU at a time can do work in it. The fine-grained kernel has \
         one for each thing, and CPUs wait only if they want the same thing.",
    ),
    (
        Some(Clock::Rig),
        "tick",
        "The time one CPU takes for one instruction. A million ticks is a million instructions on each of the CPUs, at \
         the same time.",
    ),
    (None, "throughput", "Operations that all CPUs together finish in a time. More is better."),
    (
        None,
        "speed-up",
        "Throughput with the most CPUs over throughput with the fewest, of the same kernel: × 64 on 64 CPUs is perfect, × 1 \
         means that the other CPUs were of no use.",
    ),
    (
        None,
        "ideal line",
        "As many times the fine kernel's throughput with the fewest CPUs as there are CPUs more. Two CPUs that never wait for \
         each other are on it.",
    ),
    (
        None,
        "crossing",
        "Up to here the big lock is ahead, since it costs less where nobody waits; from here on the fine locks are. \
         Between two measured points it is estimated.",
    ),
    (Some(Clock::Rig), "user, kernel", "Time in programs, and in the kernel doing work."),
    (
        Some(Clock::Rig),
        "waiting in a loop",
        "Time a CPU spends in the kernel (or a program) looking again and again whether a lock has become free, or another \
         CPU has answered. It is lost.",
    ),
    (
        Some(Clock::Rig),
        "idle",
        "Time in which a CPU has halted, because there is no program for it to run: all wait for something.",
    ),
    (
        Some(Clock::Rig),
        "where CPUs waited",
        "The line of the kernel that wanted a lock (or another CPU's answer) and did not get it at once, and the part of \
         all CPUs' time lost there. With the big lock that is mostly `big.unlocked`, which gives it back while a program runs \
         or the CPU halts, and waits for it when that is over.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::fixture;
    use crate::bench::workloads;

    #[test]
    fn the_verdict_tells_who_is_ahead() {
        let verdict = |operations| {
            verdict(&Curve { workload: workloads::ALL[1], pairs: &fixture::pairs("page", operations), same: 0.005 })
        };
        let text = verdict(&[(100, 100), (200, 100)]);
        assert!(text.contains("2 CPUs do 2.0 times") && text.contains("nowhere behind"), "{text}");
        let text = verdict(&[(50, 100), (100, 100), (200, 100)]);
        assert!(text.contains("cross at about 2.0 CPUs"), "{text}");
    }
}
