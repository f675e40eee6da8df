//! The program with the tests that boot the kernel in QEMU: building it, and where it is then.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::toolchain::Toolchain;

/// Builds the test program for QEMU and returns where it is, or nothing if it does not compile. It is started without
/// cargo between, so that a signal to this process can be passed on.
///
/// # Errors
/// When cargo does not start, or does not say what it made.
pub fn build(toolchain: &Toolchain) -> Result<Option<PathBuf>> {
    let mut cargo = toolchain.cargo();
    cargo.args([
        "test",
        "--no-run",
        "--profile",
        "host",
        "--package",
        "jos",
        "--test",
        "qemu",
        "--message-format=json-render-diagnostics",
    ]);
    let answer = cargo.stderr(Stdio::inherit()).output().context("cannot start cargo")?;
    if !answer.status.success() {
        return Ok(None);
    }
    let messages = answer.stdout.split(|&byte| byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
    // The program `jos` itself is built along and named, too.
    let made = |message: Value| {
        let path = message["executable"].as_str().map(PathBuf::from);
        path.filter(|_| message["target"]["name"] == "qemu")
    };
    messages.into_iter().find_map(made).map(Some).context("cargo named no test program")
}
