//! The Rust toolchain that builds everything.
//!
//! `scripts/setup` alone decides which one. Launched by `scripts/jos`, this tool finds the answer in its
//! environment; launched by a plain `cargo run` or `cargo test`, it asks the script.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::paths;

/// A toolchain that has been found fit.
#[derive(Clone, Debug)]
pub struct Toolchain {
    settings: Vec<(String, String)>,
    bin: PathBuf,
}

/// What `scripts/setup` answers, apart from `JOS_TOOLCHAIN` itself.
const SETTINGS: [&str; 5] = ["RUSTC_BOOTSTRAP", "CARGO", "RUSTC", "RUSTDOC", "RUSTFMT"];

impl Toolchain {
    /// The toolchain of this run.
    ///
    /// # Errors
    /// When none fits and none could be installed; `scripts/setup` has said what is missing.
    pub fn find() -> Result<Self> {
        if let Some(root) = std::env::var_os("JOS_TOOLCHAIN") {
            let known = |name: &str| Some((name.to_owned(), std::env::var(name).ok()?));
            let settings = SETTINGS.iter().filter_map(|name| known(name)).collect();
            return Ok(Self { settings, bin: PathBuf::from(root).join("bin") });
        }
        let setup = paths::root().join("scripts/setup");
        let answer = Command::new(&setup)
            .stderr(std::process::Stdio::inherit())
            .output()
            .with_context(|| format!("cannot run {}", setup.display()))?;
        if !answer.status.success() {
            bail!("scripts/setup could not find or install a Rust toolchain");
        }
        let text = String::from_utf8(answer.stdout).context("scripts/setup answered with bytes that are no text")?;
        let settings: Vec<_> = text
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let root = settings
            .iter()
            .find(|(name, _)| name == "JOS_TOOLCHAIN")
            .map(|(_, value)| PathBuf::from(value))
            .context("scripts/setup named no toolchain")?;
        Ok(Self { settings, bin: root.join("bin") })
    }

    /// A command for one of the toolchain's own programs, in the root of the project.
    ///
    /// Its folder goes to the front of `PATH`: cargo finds `cargo-clippy` and the like there, and must not
    /// find those of another toolchain.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        command.current_dir(paths::root()).envs(self.settings.iter().map(|(name, value)| (name, value)));
        command.env("CARGO_TARGET_DIR", paths::target());
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(self.bin.clone()).chain(std::env::split_paths(&path));
        if let Ok(joined) = std::env::join_paths(folders) {
            command.env("PATH", joined);
        }
        command
    }

    /// `cargo`, in the root of the project.
    pub fn cargo(&self) -> Command {
        self.command("cargo")
    }
}
