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

/// Calls with a timer a hundred times as fast, which interrupts between any two instructions of the programs. A conductor that
/// looked at an env's progress before its life was found by half of such runs.
const IN_A_STORM: u64 = 100_000;

/// The tests.
pub(crate) fn trials() -> Vec<Trial> {
    let trial = |(build, profile, cpus, calls)| {
        let name = format!("{build}_{profile}::fuzz::{}_cpus{cpus}", if cpus == 1 { "episodes" } else { "crowd" });
        Trial::test(name, move || share(&Options::new(cpus, calls, 1, KernelOptions { build, profile, mode: None })))
    };
    let in_a_storm = || {
        let kernel = KernelOptions { build: Fine, profile: Debug, mode: None };
        share(&Options::new(1, IN_A_STORM, 103, kernel).with_word("storm=100"))
    };
    let in_a_storm = Trial::test("fine_debug::fuzz::episodes_in_a_storm_cpus1", in_a_storm);
    SHARES.into_iter().map(trial).chain([in_a_storm]).collect()
}

fn share(options: &Options) -> Result<(), Failed> {
    match fuzz::fuzz(options)? {
        Outcome::Good => Ok(()),
        bad => Err(format!("{bad:?}, see above").into()),
    }
}
