//! Builds the plugin.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use crate::{paths, toolchain::Toolchain};

/// Brings the plugin up to date and says where it is.
///
/// # Errors
/// When it does not compile; the compiler has said why.
pub fn build() -> Result<PathBuf> {
    let mut cargo = Toolchain::find()?.cargo();
    cargo.args(["build", "--release", "--quiet", "--package", "rig"]);
    let status = cargo.stdin(Stdio::null()).status().context("cannot start cargo")?;
    let plugin = paths::target().join("release/librig.so");
    if !status.success() || !plugin.exists() {
        bail!("the measuring plugin (scripts/rig) did not build; `--clock wall` measures without it");
    }
    Ok(plugin)
}
