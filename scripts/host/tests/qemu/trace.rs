//! Traces say what happened: where the locks differ between the builds, the traces do.
//!
//! That no CPU is in two states at once and no lock has two holders is looked at whenever a trace is taken.

use jos::kernel_build::Build;
use jos::{programs, trace};
use libtest_mimic::{Failed, Trial};

/// The tests.
pub(crate) fn trials() -> Vec<Trial> {
    let tests: [(&str, fn() -> Result<(), Failed>); 3] = [
        ("fine_release::trace::pages_wait_for_nobody", pages_wait_for_nobody),
        ("big_release::trace::all_but_one_wait", all_but_one_wait),
        ("fine_release::trace::a_program_without_marks_ends", a_program_without_marks_ends),
    ];
    tests.into_iter().map(|(name, test)| Trial::test(name, test)).collect()
}

const CPUS: u16 = 4;

fn take(build: Build, program: &str) -> Result<trace::Trace, Failed> {
    let trace = trace::take(build, &programs::parse(program)?, CPUS, 60_000, 1)??;
    let parts = ["user", "kernel", "idle"].map(|kind| trace.share(kind));
    if (parts.iter().sum::<f64>() - 100.0).abs() > 0.01 {
        return Err(format!("a CPU is in one state at every moment, but the parts are {parts:?}").into());
    }
    let json: serde_json::Value = serde_json::from_str(&trace.json())?;
    let complete =
        json["traceEvents"].as_array().map_or(0, |all| all.iter().filter(|event| event["ph"] == "X").count());
    if complete < 20 {
        return Err(format!("only {complete} intervals").into());
    }
    Ok(trace)
}

fn expect(what: &str, share: f64, wanted: std::ops::Range<f64>) -> Result<(), Failed> {
    if wanted.contains(&share) { Ok(()) } else { Err(format!("{what}: {share:.1} %, not in {wanted:?}").into()) }
}

fn pages_wait_for_nobody() -> Result<(), Failed> {
    let trace = take(Build::Fine, "bench_page:4:1000000")?;
    expect("waiting", trace.share("wait"), 0.0..2.0)?;
    expect("holding locks", trace.share("hold"), 2.0..100.0)
}

/// Nearly all of the time of this workload is in the kernel, so of four CPUs three wait for the fourth.
fn all_but_one_wait() -> Result<(), Failed> {
    let trace = take(Build::Big, "bench_page:4:1000000")?;
    expect("waiting", trace.share("wait"), 60.0..76.0)?;
    if trace.svg().contains("queue for the big lock") { Ok(()) } else { Err("the picture shows no queue".into()) }
}

fn a_program_without_marks_ends() -> Result<(), Failed> {
    let trace = take(Build::Fine, "hello")?;
    expect("user mode", trace.share("user"), 0.01..100.0)?;
    expect("idle", trace.share("idle"), 1.0..100.0)
}
