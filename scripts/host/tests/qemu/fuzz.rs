//! A share of `jos fuzz`, from fixed seeds.

use jos::fuzz::{self, Options};
use jos::kernel_build::Build::{self, Big, Fine};
use jos::kernel_build::Profile::{self, Debug, Release};
use jos::options::KernelOptions;
use jos::outcome::Outcome;
use libtest_mimic::{Failed, Trial};

/// Kernel, CPUs and calls. On one CPU every answer is compared with the model's.
const SHARES: [(Build, Profile, u16, u64); 4] =
    [(Fine, Debug, 1, 20_000), (Fine, Debug, 8, 30_000), (Fine, Debug, 64, 10_000), (Big, Release, 1, 20_000)];

/// The tests.
pub(crate) fn trials() -> Vec<Trial> {
    let trial = |(build, profile, cpus, calls)| {
        let name = format!("{build}_{profile}::fuzz::{}_cpus{cpus}", if cpus == 1 { "episodes" } else { "crowd" });
        Trial::test(name, move || share(&Options::new(cpus, calls, 1, KernelOptions { build, profile, mode: None })))
    };
    SHARES.into_iter().map(trial).collect()
}

fn share(options: &Options) -> Result<(), Failed> {
    match fuzz::fuzz(options)? {
        Outcome::Good => Ok(()),
        bad => Err(format!("{bad:?}, see above").into()),
    }
}
