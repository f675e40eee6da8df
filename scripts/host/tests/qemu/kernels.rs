//! The kernels the cases boot, built before the first case starts.

use anyhow::{Context, Result};
use jos::kernel_build::{self, Build, Image, Profile};

use crate::foreign;
use crate::matrix::Planned;

/// Kernels that are ready to boot.
#[derive(Default)]
pub(crate) struct Kernels(Vec<(Build, Profile, Image)>);

impl Kernels {
    /// Builds those that `plan` needs.
    pub(crate) fn build(plan: &[Planned]) -> Result<Self> {
        let mut kernels = Self::default();
        if plan.iter().any(|planned| planned.group == "foreign") {
            foreign::build()?;
        }
        for planned in plan {
            let (build, profile) = planned.kernel;
            if kernels.image(build, profile).is_err() {
                eprintln!("building the {build} kernel ({profile})");
                kernels.0.push((build, profile, kernel_build::build(build, profile)?));
            }
        }
        Ok(kernels)
    }

    /// The image of one of them.
    pub(crate) fn image(&self, build: Build, profile: Profile) -> Result<&Image> {
        let found = self.0.iter().find(|kernel| (kernel.0, kernel.1) == (build, profile));
        found.map(|kernel| &kernel.2).with_context(|| format!("the {build} kernel ({profile}) was not built"))
    }
}
