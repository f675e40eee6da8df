//! `jos build`: builds kernels and programs and says where they are.

use anyhow::Result;
use clap::Args;

use crate::kernel_build::{self, Build, Mode, Profile};
use crate::outcome::Outcome;

/// Build kernels and programs, and say where they are
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Fine-grained locks, or one big lock [default: both].
    #[arg(long, value_enum)]
    build: Option<Build>,
    /// With checks, or optimised [default: both].
    #[arg(long, value_enum)]
    profile: Option<Profile>,
    /// How much is watched of the locks [default: order with checks, else off].
    #[arg(long, value_enum)]
    mode: Option<Mode>,
}

/// Runs the sub-command.
///
/// # Errors
/// When something does not compile.
pub fn build(options: &Options) -> Result<Outcome> {
    let builds = options.build.map_or(Build::ALL.to_vec(), |build| vec![build]);
    let profiles = options.profile.map_or(Profile::ALL.to_vec(), |profile| vec![profile]);
    for &profile in &profiles {
        for &build in &builds {
            let image = kernel_build::build_watching(build, profile, options.mode)?;
            println!("{build} {profile}: {}", image.kernel.display());
        }
        let programs = kernel_build::Image::of(builds[0], profile).programs;
        println!("programs {profile}: {}", programs.display());
    }
    Ok(Outcome::Good)
}
