//! `jos doc`: the documentation of all crates, from their own comments.

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::kernel_build::TARGET_FLAGS;
use crate::outcome::Outcome;
use crate::paths;
use crate::toolchain::Toolchain;

/// Write the documentation of all crates
#[derive(Args, Clone, Debug)]
pub struct Options {}

/// Runs the sub-command.
///
/// # Errors
/// When the documentation has errors.
pub fn doc(_: &Options) -> Result<Outcome> {
    let toolchain = Toolchain::find()?;
    let target = ["--package", "kernel", "--package", "ulib", "--package", "user"];
    let host = ["--package", "abi", "--package", "sync", "--package", "jos"];
    for (flags, packages) in [(&TARGET_FLAGS[..], &target[..]), (&[], &host)] {
        let mut cargo = toolchain.cargo();
        cargo.args(["doc", "--no-deps", "--document-private-items"]).args(flags).args(packages);
        if !cargo.status().context("cannot start cargo")?.success() {
            bail!("the documentation has errors; see above");
        }
    }
    println!("kernel and programs: {}", paths::target().join("i686-target/doc/kernel/index.html").display());
    println!("crates of the host: {}", paths::target().join("doc/sync/index.html").display());
    Ok(Outcome::Good)
}
