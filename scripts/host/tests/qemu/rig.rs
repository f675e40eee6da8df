//! The rig measures what theory says, and the same each time; and `"conflict"` finds what is shared.
//!
//! `calibrate` is work whose limit is known: N workers with locks of their own do N times the work of one; with one
//! lock they can't do more than one operation in the time its critical section takes.

use std::sync::OnceLock;
use std::thread;

use jos::kernel_build::{self, Build, Image, Profile};
use jos::programs;
use jos::rig::{self, Point, Settings};
use libtest_mimic::{Failed, Trial};

/// Operations that no window sees the end of.
const ENDLESS: u32 = 100_000_000;

/// Locks of `calibrate`.
const OWN: u32 = 0;
const TEST_AND_SET: u32 = 1;
const TICKET: u32 = 2;

/// The tests.
pub(crate) fn trials() -> Vec<Trial> {
    let tests: [(&str, fn() -> Result<(), Failed>); 8] = [
        ("private_work_is_linear", private_work_is_linear),
        ("who_sleeps_through_the_window_waits_nowhere", who_sleeps_waits_nowhere),
        ("a_lock_limits_as_theory_says", a_lock_limits_as_theory_says),
        ("the_same_seed_gives_the_same_history", same_seed_same_history),
        ("the_quantum_does_not_matter", quantum_does_not_matter),
        ("calls_that_commute_share_nothing", calls_that_commute_share_nothing),
        ("the_big_lock_is_a_conflict", the_big_lock_is_a_conflict),
        ("boots_255_cpus_in_a_virtual_second", boots_255_cpus_in_a_virtual_second),
    ];
    tests.into_iter().map(|(name, test)| Trial::test(format!("fine_release::rig::{name}"), test)).collect()
}

fn image() -> Result<&'static Image, Failed> {
    static IMAGE: OnceLock<Image> = OnceLock::new();
    if let Some(image) = IMAGE.get() {
        return Ok(image);
    }
    let image = kernel_build::build(Build::Fine, Profile::Release)?;
    Ok(IMAGE.get_or_init(|| image))
}

/// `calibrate` with a critical section of one part in eleven, about.
fn calibrate(cpus: u16, lock: u32, settings: &Settings) -> Result<Point, Failed> {
    run(&format!("calibrate:{cpus}:{ENDLESS}:{lock}:400:40"), cpus, settings)
}

fn run(program: &str, cpus: u16, settings: &Settings) -> Result<Point, Failed> {
    Ok(rig::measure(image()?, &programs::parse(program)?, cpus, settings)??)
}

fn short() -> Settings {
    Settings { window: 400_000, ..Settings::default() }
}

/// Whether `a` and `b` differ by at most `part` of `b`.
fn close(what: &str, a: f64, b: f64, part: f64) -> Result<(), Failed> {
    if (a - b).abs() <= b * part { Ok(()) } else { Err(format!("{what}: {a:.2} and {b:.2}").into()) }
}

fn private_work_is_linear() -> Result<(), Failed> {
    let (one, many) = (calibrate(1, OWN, &short())?, calibrate(64, OWN, &short())?);
    close("64 CPUs and 64 times one", many.throughput(), 64.0 * one.throughput(), 0.01)?;
    let accounted: Vec<u64> = many.cpus.iter().map(|cpu| cpu.user + cpu.kernel + cpu.spin + cpu.idle).collect();
    if accounted.iter().any(|&ticks| ticks != many.ticks) || many.cpus.len() != 64 {
        return Err(format!("time is missing: {accounted:?} of {}", many.ticks).into());
    }
    let busy: u64 = many.cpus.iter().map(|cpu| cpu.user).sum();
    close("time in user mode", busy as f64, (64 * many.ticks) as f64, 0.01)
}

/// CPUs that waited for each other while they were started, and have halted since: places tell of the window alone.
fn who_sleeps_waits_nowhere() -> Result<(), Failed> {
    let point = run(&format!("calibrate:1:{ENDLESS}:{OWN}:400:40"), 4, &short())?;
    let slept = point.cpus.iter().filter(|cpu| cpu.idle == point.ticks).count();
    let spin: u64 = point.cpus.iter().map(|cpu| cpu.spin).sum();
    let sites: u64 = point.sites.iter().map(|site| site.ticks).sum();
    if slept == 3 && sites == spin {
        return Ok(());
    }
    Err(format!("{slept} of 4 CPUs slept; {spin} ticks were lost, and places tell of {sites}").into())
}

/// N CPUs do N times the work of one, until the lock has no free moment left: from then on an operation each critical
/// section, whatever N is. Work of constant length, so nothing is lost by chance in between. The lines of figures are those of
/// scripts/rig/README.md.
fn a_lock_limits_as_theory_says() -> Result<(), Failed> {
    // What a critical section of 40 turns costs, without the lock: the difference between two that one CPU does.
    let section = ticks(1, OWN, 400, 40)? - ticks(1, OWN, 400, 0)?;
    let mut lines = vec![format!("a critical section: {section:.1} ticks")];
    let mut wrong = false;
    for (lock, think) in
        [(TEST_AND_SET, 40), (TEST_AND_SET, 160), (TEST_AND_SET, 400), (TEST_AND_SET, 760), (TICKET, 400)]
    {
        let alone = ticks(1, lock, think, 40)?;
        for cpus in [2, 8, 64] {
            let each = ticks(cpus, lock, think, 40)?;
            // Taking and releasing the lock is part of the section, 20 instructions at most.
            let share = alone / f64::from(cpus);
            let bounds = f64::max(section, share * 0.99)..=f64::max(section + 20.0, share * 1.01);
            wrong |= !bounds.contains(&each);
            lines.push(format!(
                "lock {lock}, {think} turns outside, {cpus} CPUs: {:.2} times one CPU, theory {:.2} to {:.2}",
                alone / each,
                alone / bounds.end(),
                alone / bounds.start()
            ));
        }
    }
    if wrong { Err(lines.join("\n").into()) } else { Ok(()) }
}

/// Ticks from one operation of all CPUs to the next.
fn ticks(cpus: u16, lock: u32, think: u32, critical: u32) -> Result<f64, Failed> {
    let settings = Settings { window: 1_000_000, ..Settings::default() };
    let program = format!("calibrate:{cpus}:{ENDLESS}:{lock}:{think}:{critical}");
    Ok(1e6 / run(&program, cpus, &settings)?.throughput())
}

/// Every turn of every CPU from power-on is the same in two runs, although both have to share a core of the host, which
/// lets now this one wait and now that one. With `bench_server` and `bench_fork` CPUs halt and are woken all the time.
fn same_seed_same_history() -> Result<(), Failed> {
    let locks = [OWN, TEST_AND_SET, TICKET].map(|lock| (format!("calibrate:8:{ENDLESS}:{lock}:400:40"), 8));
    let benches = [("bench_server", 8), ("bench_fork", 8), ("bench_server", 64)];
    let benches = benches.map(|(name, cpus)| (format!("{name}:{cpus}:{ENDLESS}"), cpus));
    image()?;
    for (program, cpus) in locks.into_iter().chain(benches) {
        let measure = || run(&program, cpus, &short());
        let (a, b) = thread::scope(|scope| {
            let other = scope.spawn(measure);
            (measure(), other.join().expect("does not panic"))
        });
        let [a, b] = [a?, b?].map(|point| (point.history, point.turns, point.ops, point.began));
        if a != b {
            return Err(format!("{program} went {a:?} and {b:?} (history, turns, operations, begin)").into());
        }
    }
    Ok(())
}

fn quantum_does_not_matter() -> Result<(), Failed> {
    for lock in [TEST_AND_SET, TICKET] {
        let coarse = calibrate(16, lock, &short())?;
        let fine = calibrate(16, lock, &Settings { quantum: 200, ..short() })?;
        close("quantum 1000 and 200", coarse.throughput(), fine.throughput(), 0.03)?;
    }
    Ok(())
}

/// Calls that have nothing to do with each other share nothing in the fine build, whichever two they are. It is layout that
/// this guards: it was seen to fail without the padding of `PRESENCE` or `CPUS`. It did not notice frames handed out without
/// regard to lines; `what_two_cpus_take_shares_no_line_of_records` is for that. Left out are lines of env records, which
/// JOS's interface makes neighbours share.
fn calls_that_commute_share_nothing() -> Result<(), Failed> {
    let findings = jos::conflicts::find(Build::Fine, 1)?;
    let shared = |named: &jos::conflicts::Named| {
        let pairs: Vec<_> = named.line.pairs.iter().map(|&(a, b)| format!("{} / {}", call(a), call(b))).collect();
        format!("{} by {}; {}", named.symbol, pairs.join(", "), named.places.join(", "))
    };
    let bad: Vec<_> = findings.lines.iter().filter(|named| !named.is_of_the_interface()).map(shared).collect();
    if bad.is_empty() { Ok(()) } else { Err(bad.join("\n").into()) }
}

fn call(kind: u32) -> &'static str {
    jos::conflicts::CALLS[kind as usize - 1].0
}

/// In the big-lock build every pair of calls meets at the lock: a tool that does not see that sees nothing.
fn the_big_lock_is_a_conflict() -> Result<(), Failed> {
    let findings = jos::conflicts::find(Build::Big, 1)?;
    let lock = |named: &&jos::conflicts::Named| named.symbol.contains("BIG_LOCK");
    let shared = findings.lines.iter().find(lock).map_or(0, |named| named.line.pairs.len());
    if shared > findings.pairs.len() / 2 { Ok(()) } else { Err(format!("{shared} pairs share the lock").into()) }
}

/// CPUs that are started one after the other, each with the waits of the book, take seconds.
fn boots_255_cpus_in_a_virtual_second() -> Result<(), Failed> {
    let milliseconds = jos::bench::boot_milliseconds(image()?, 255, 1)??;
    if milliseconds < 1000.0 { Ok(()) } else { Err(format!("{milliseconds:.0} virtual milliseconds").into()) }
}
