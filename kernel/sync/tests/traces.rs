//! Random traces of several CPUs, judged by the checker, which learns, and by brute force, which remembers every edge and
//! looks for circles by trying all ways.
//!
//! A trace that goes wrong is named by its seed: `TRACE_SEED=n cargo test -p sync --test traces` repeats it alone.
#![cfg(any(feature = "order", feature = "full", all(debug_assertions, not(feature = "off"), not(feature = "stats"))))]

mod common;

use common::{CPU, Outside, random};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use sync::order::{self, Checker};
use sync::rank::EDGES;
use sync::{Guard, MAX_CPUS, Machine, Rank, SpinLock, big};

const TRACES: usize = 3_000;
const STEPS: usize = 60;
const CPUS: usize = 3;
/// The classes that are locks: all but the last.
const LOCKS: usize = Rank::COUNT - 1;

static OUTSIDE: Outside = Outside::new();

static CHECKER: Checker = Checker::new();

struct This;

impl Machine for This {
    fn cpu() -> usize {
        CPU.get()
    }

    fn interrupts_enabled() -> bool {
        false
    }

    fn checker() -> &'static Checker {
        &CHECKER
    }

    fn stats() -> &'static sync::stats::Stats {
        static STATS: sync::stats::Stats = sync::stats::Stats::new();
        &STATS
    }

    fn ticks() -> u32 {
        0
    }

    fn micros(ticks: u64) -> u64 {
        ticks
    }

    /// One for each CPU: a trace is played by one thread, and each of its CPUs is in the kernel.
    fn big_lock() -> &'static big::BigLock {
        static BIG: [big::BigLock; CPUS] = [const { big::BigLock::new() }; CPUS];
        &BIG[CPU.get()]
    }

    fn report(text: fmt::Arguments<'_>) {
        OUTSIDE.print(text);
    }

    fn backtrace(_: &mut [u32]) -> usize {
        0
    }

    fn symbol(_: u32, _: fmt::Arguments<'_>, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }

    fn millis() -> u32 {
        0
    }
}

#[test]
fn checker_and_brute_force_agree_on_every_trace() {
    let guards: Vec<_> = (0..CPUS)
        .map(|cpu| {
            CPU.set(cpu);
            big::enter::<This>()
        })
        .collect();
    let only = std::env::var("TRACE_SEED").ok().map(|seed| seed.parse().unwrap());
    let mut kinds = BTreeMap::new();
    for seed in only.map_or(0..TRACES, |seed| seed..seed + 1) {
        CHECKER.reset();
        trace(seed, &mut kinds);
    }
    // A comparison in which nothing happens would prove nothing.
    for kind in ["inversion", "cycle", "undeclared", "leaf", "remote-wait"] {
        assert!(only.is_some() || kinds.get(kind).is_some_and(|&times| times > 100), "{kind}: {kinds:?}");
    }
    for (cpu, guard) in guards.into_iter().enumerate() {
        CPU.set(cpu);
        drop(guard);
    }
}

/// What brute force knows.
#[derive(Default)]
struct Known {
    seen: BTreeSet<(Rank, Rank)>,
    reported: BTreeSet<(&'static str, Rank, Rank)>,
}

/// Plays one trace: CPUs take, release and wait at random, each with locks of its own, so nobody hangs.
fn trace(seed: usize, kinds: &mut BTreeMap<&'static str, usize>) {
    let mut random = random(seed);
    let locks: Vec<Vec<SpinLock<(), This>>> = (0..CPUS as u16)
        .map(|cpu| Rank::ALL[..LOCKS].iter().map(|&rank| SpinLock::new(rank, cpu, ())).collect())
        .collect();
    let mut held: Vec<Vec<(Rank, Guard<'_, (), This>)>> = (0..CPUS).map(|_| Vec::new()).collect();
    let mut known = Known::default();
    // A bias to the declared order, different in each trace, makes both long silent traces and wild ones.
    let wildness = random(6);
    for step in 0..STEPS {
        let cpu = random(CPUS);
        CPU.set(cpu);
        let mine = &mut held[cpu];
        if mine.len() > random(4) {
            let at = if random(3) == 0 { random(mine.len()) } else { mine.len() - 1 };
            drop(mine.remove(at));
            continue;
        }
        let top = mine.last().map_or(0, |(rank, _)| *rank as usize);
        let wanted = if random(6) < wildness { random(Rank::COUNT) } else { top + random(Rank::COUNT - top) };
        let wanted = Rank::ALL[wanted];
        let classes: Vec<Rank> = mine.iter().map(|(rank, _)| *rank).collect();
        if classes.contains(&wanted) {
            continue;
        }
        let due = known.judge(&classes, wanted);
        if wanted == Rank::CpuAnswer {
            order::await_cpu::<This>((cpu + 1) % CPUS, || false);
        } else {
            mine.push((wanted, locks[cpu][wanted as usize].lock()));
        }
        let text = OUTSIDE.take();
        let found: Vec<&str> = text.lines().filter_map(kind_of).collect();
        assert_eq!(
            found,
            Vec::from_iter(due),
            "TRACE_SEED={seed}, step {step}: CPU {cpu} holds {classes:?}, wants {wanted:?}"
        );
        if let Some(kind) = due {
            *kinds.entry(kind).or_default() += 1;
            known.check_circle(&text, seed);
        }
    }
    for (cpu, mine) in held.into_iter().enumerate() {
        CPU.set(cpu);
        drop(mine);
    }
    known.compare(seed);
}

fn kind_of(line: &str) -> Option<&str> {
    line.strip_prefix("LOCKREPORT kind=")?.split(' ').next()
}

impl Known {
    /// What must be reported when `wanted` is wanted by a CPU that holds `held`. Remembers what was seen.
    fn judge(&mut self, held: &[Rank], wanted: Rank) -> Option<&'static str> {
        let broken = held.iter().find_map(|&held| Some((self.broken(held, wanted)?, held)));
        self.seen.extend(held.iter().map(|&held| (held, wanted)));
        let (kind, held) = broken?;
        self.reported.insert((kind, held, wanted)).then_some(kind)
    }

    fn broken(&self, held: Rank, wanted: Rank) -> Option<&'static str> {
        if declared_way(held, wanted) {
            None
        } else if wanted == Rank::CpuAnswer {
            Some("remote-wait")
        } else if EDGES.iter().all(|edge| edge.outer != held) {
            Some("leaf")
        } else if declared_way(wanted, held) {
            Some("inversion")
        } else {
            Some(if self.ways(wanted, held).is_empty() { "undeclared" } else { "cycle" })
        }
    }

    /// The lengths of all ways without repetition from `from` to `to`, along edges that were seen or declared.
    fn ways(&self, from: Rank, to: Rank) -> Vec<usize> {
        let mut lengths = Vec::new();
        self.walk(from, to, &mut vec![from], &mut lengths);
        lengths
    }

    fn walk(&self, at: Rank, to: Rank, visited: &mut Vec<Rank>, lengths: &mut Vec<usize>) {
        if at == to {
            return lengths.push(visited.len() - 1);
        }
        // The shortest is asked for; what is longer need not be walked to its end.
        if lengths.iter().any(|&length| length < visited.len()) {
            return;
        }
        for next in Rank::ALL {
            let is_edge = self.seen.contains(&(at, next)) || EDGES.iter().any(|e| (e.outer, e.inner) == (at, next));
            if is_edge && !visited.contains(&next) {
                visited.push(next);
                self.walk(next, to, visited, lengths);
                visited.pop();
            }
        }
    }

    /// The circle in a report is as short as any that brute force finds.
    fn check_circle(&self, text: &str, seed: usize) {
        let circle: Vec<&str> = text
            .lines()
            .skip_while(|line| !line.starts_with("  the circle"))
            .skip(1)
            .take_while(|line| line.starts_with("    ") && line.contains(" -> "))
            .collect();
        let Some(first) = circle.first() else { return };
        let (held, rest) = first.trim().split_once(" -> ").unwrap();
        let named = |name: &str| Rank::ALL.into_iter().find(|rank| rank.name() == name).unwrap();
        let (held, wanted) = (named(held), named(rest.split(':').next().unwrap()));
        let shortest = self.ways(wanted, held).into_iter().min().unwrap();
        assert_eq!(circle.len(), shortest + 1, "TRACE_SEED={seed}: {text}");
    }

    /// The graph that the checker shows has exactly the edges that brute force has seen.
    fn compare(&self, seed: usize) {
        let text = order::graph::<This>().to_string();
        let shown = text.lines().filter(|line| line.contains("style=\"solid\""));
        let shown: BTreeSet<&str> = shown.map(|line| line.split(" [").next().unwrap().trim()).collect();
        let seen: Vec<String> =
            self.seen.iter().map(|(outer, inner)| format!("\"{}\" -> \"{}\"", outer.name(), inner.name())).collect();
        assert_eq!(shown, seen.iter().map(String::as_str).collect(), "TRACE_SEED={seed}");
    }
}

/// Whether declared edges lead from `outer` to `inner`.
fn declared_way(outer: Rank, inner: Rank) -> bool {
    EDGES.iter().any(|edge| edge.outer == outer && (edge.inner == inner || declared_way(edge.inner, inner)))
}

const _: () = assert!(CPUS < MAX_CPUS);
