//! Builds the plugin.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail};

use crate::{paths, toolchain::Toolchain};

/// Brings the plugin up to date and says where it is.
///
/// # Errors
/// When it does not compile; the compiler has said why.
pub fn build() -> Result<PathBuf> {
    static BUILT: Mutex<Option<PathBuf>> = Mutex::new(None);
    // Whoever comes meanwhile waits; once in a run of this tool is enough.
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(plugin) = &*built {
        return Ok(plugin.clone());
    }
    let plugin = cargo()?;
    Ok(built.insert(plugin).clone())
}

fn cargo() -> Result<PathBuf> {
    let mut cargo = Toolchain::find()?.cargo();
    cargo.args(["build", "--profile", "rig", "--quiet", "--package", "rig"]);
    let status = cargo.stdin(Stdio::null()).status().context("cannot start cargo")?;
    let plugin = paths::target().join("rig/librig.so");
    if !status.success() || !plugin.exists() {
        bail!("the measuring plugin (scripts/rig) did not build; `--clock wall` measures without it");
    }
    Ok(plugin)
}
