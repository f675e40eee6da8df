//! What an operation may cost: instructions of program and kernel together, on one CPU, counted by the rig.
//!
//! The count is exact, so the margin (some 3 %) is for other compilers and for small changes. Whoever needs more says why
//! and changes the number. The big-lock build must not do any of it in fewer.

use std::sync::OnceLock;

use jos::kernel_build::{self, Build, Image, Profile};
use jos::programs;
use jos::rig::{self, Settings};
use libtest_mimic::{Failed, Trial};

/// Programs, and ticks an operation.
const BUDGETS: [(&str, f64); 7] = [
    ("bench_null", 13.0),
    ("bench_page", 765.0),
    ("bench_map", 500.0),
    ("bench_fault", 1095.0),
    ("bench_churn", 1100.0),
    ("bench_ipc", 1545.0),
    ("bench_fork", 10_730.0),
];

/// Operations that no window sees the end of.
const ENDLESS: u32 = 100_000_000;

/// The tests.
pub(crate) fn trials() -> Vec<Trial> {
    let trial =
        |(program, budget)| Trial::test(format!("fine_release::budget::{program}"), move || keeps(program, budget));
    BUDGETS.into_iter().map(trial).collect()
}

fn keeps(program: &str, budget: f64) -> Result<(), Failed> {
    let (fine, big) = (ticks(Build::Fine, program)?, ticks(Build::Big, program)?);
    if fine > budget {
        return Err(format!("{fine:.1} instructions an operation, and {budget} are allowed").into());
    }
    if fine > big {
        return Err(format!("{fine:.1} instructions an operation, and {big:.1} with the big lock").into());
    }
    Ok(())
}

/// Ticks an operation on one CPU.
fn ticks(build: Build, program: &str) -> Result<f64, Failed> {
    let settings = Settings { warmup: 500_000, window: 3_000_000, ..Settings::default() };
    let program = programs::parse(&format!("{program}:1:{ENDLESS}"))?;
    let point = rig::measure(image(build)?, &program, 1, &settings)??;
    Ok(1e6 / point.throughput())
}

fn image(build: Build) -> Result<&'static Image, Failed> {
    static IMAGES: [OnceLock<Image>; 2] = [OnceLock::new(), OnceLock::new()];
    let place = &IMAGES[usize::from(build == Build::Big)];
    if let Some(image) = place.get() {
        return Ok(image);
    }
    let image = kernel_build::build(build, Profile::Release)?;
    Ok(place.get_or_init(|| image))
}
