//! How kernels and programs are built. The only module that knows.
//!
//! One cargo invocation builds the kernel in one of its two builds, and all programs, for the target in
//! `i686-target.json`. Cargo has one place for both builds' output, so each result is copied to a place of
//! its own below `target/jos`: `fine-debug/kernel` and so on, with `kernel.boot` (the same without debug
//! information) and `kernel.sym` (see [`crate::symbols`]) beside it, and the programs, stripped, in
//! `programs-debug` and `programs-release`. Programs are the same for both builds.

use std::fmt::{self, Display, Formatter};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use crate::programs;
use crate::symbols;
use crate::{paths, toolchain::Toolchain};

/// How the kernel locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Build {
    /// A lock for each thing that needs one.
    Fine,
    /// One lock for the whole kernel.
    Big,
}

/// How the compiler is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Profile {
    /// With checks: lock order, overflow, assertions.
    Debug,
    /// Optimised, without checks: what is measured.
    Release,
}

/// How much the kernel watches of its locks: see `kernel/sync/src/lib.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// Nothing.
    Off,
    /// How often locks are taken, waited for and held, and for how long.
    Stats,
    /// Whether locks are taken in the declared order.
    Order,
    /// Both, and a stack for everything that is seen for the first time.
    Full,
}

impl Mode {
    /// All.
    pub const ALL: [Self; 4] = [Self::Off, Self::Stats, Self::Order, Self::Full];
}

impl Build {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Fine, Self::Big];
}

impl Profile {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Debug, Self::Release];
}

impl Display for Build {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fine => "fine",
            Self::Big => "big",
        })
    }
}

impl Display for Profile {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Debug => "debug",
            Self::Release => "release",
        })
    }
}

impl Display for Mode {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "off",
            Self::Stats => "stats",
            Self::Order => "order",
            Self::Full => "full",
        })
    }
}

/// The crates of the target.
pub const PACKAGES: [&str; 2] = ["kernel", "user"];

/// The file with the target, and what cargo calls the folder of its products.
const TARGET: &str = "i686-target";

/// What every cargo command for the target needs: the standard library's core parts have to be built too.
pub const TARGET_FLAGS: [&str; 5] = [
    "-Zbuild-std=core,alloc,compiler_builtins",
    "-Zbuild-std-features=compiler-builtins-mem",
    "-Zjson-target-spec",
    "--target",
    "i686-target.json",
];

/// The features that select `build`.
pub fn features(build: Build) -> &'static [&'static str] {
    match build {
        Build::Fine => &[],
        Build::Big => &["--features", "kernel/big-lock"],
    }
}

/// A kernel that is ready to boot.
#[derive(Clone, Debug)]
pub struct Image {
    /// With debug information, for gdb.
    pub kernel: PathBuf,
    /// Without, for booting.
    pub boot: PathBuf,
    /// The symbol table for back-traces.
    pub symbols: PathBuf,
    /// The folder with the programs.
    pub programs: PathBuf,
}

impl Image {
    /// Where the products of one build are, made or not.
    pub fn of(build: Build, profile: Profile) -> Self {
        Self::named(&format!("{build}-{profile}"), profile)
    }

    fn named(name: &str, profile: Profile) -> Self {
        let folder = paths::products().join(name);
        Self {
            kernel: folder.join("kernel"),
            boot: folder.join("kernel.boot"),
            symbols: folder.join("kernel.sym"),
            programs: paths::products().join(format!("programs-{profile}")),
        }
    }
}

/// Brings a kernel and all programs up to date. The compiler's output appears as it comes.
///
/// # Errors
/// When something does not compile; the compiler has said why.
pub fn build(build: Build, profile: Profile) -> Result<Image> {
    make(build, profile, &Image::of(build, profile), &[])
}

/// As [`build()`], but the kernel watches its locks as `mode` says.
///
/// # Errors
/// When something does not compile; the compiler has said why.
pub fn build_watching(build: Build, profile: Profile, mode: Option<Mode>) -> Result<Image> {
    // The usual mode of a profile is no kernel of its own.
    let usual = if profile == Profile::Debug { Mode::Order } else { Mode::Off };
    match mode.filter(|&mode| mode != usual) {
        None => self::build(build, profile),
        Some(mode) => {
            let image = Image::named(&format!("{build}-{profile}-{mode}"), profile);
            make(build, profile, &image, &["--features", &format!("kernel/lock-{mode}")])
        }
    }
}

/// The same for an optimised kernel that tells of its locks (feature `trace`).
///
/// # Errors
/// As [`build`].
pub fn traced(build: Build) -> Result<Image> {
    let profile = Profile::Release;
    make(build, profile, &Image::named(&format!("{build}-trace"), profile), &["--features", "kernel/trace"])
}

fn make(build: Build, profile: Profile, image: &Image, more: &[&str]) -> Result<Image> {
    fs::create_dir_all(paths::products())?;
    // Cargo's output for one build is replaced by the next: nobody else may build until it is copied.
    let lock = File::create(paths::products().join("lock"))?;
    lock.lock().context("cannot lock target/jos")?;
    cargo(build, profile, more)?;
    let made = paths::target().join(TARGET).join(profile.to_string());
    if copy_if_changed(&made.join("kernel"), &image.kernel, |from, to| Ok(fs::copy(from, to).map(drop)?))? {
        symbols::write(&image.kernel, &image.symbols).context("cannot make the kernel's symbol table")?;
        strip(&image.kernel, &image.boot)?;
    }
    for name in programs::names()? {
        copy_if_changed(&made.join(&name), &image.programs.join(&name), strip)?;
    }
    Ok(image.clone())
}

fn cargo(build: Build, profile: Profile, more: &[&str]) -> Result<()> {
    let mut cargo = Toolchain::find()?.cargo();
    cargo.arg("build").args(TARGET_FLAGS).args(features(build)).args(more);
    cargo.args(PACKAGES.iter().flat_map(|package| ["--package", package]));
    if profile == Profile::Release {
        cargo.arg("--release");
    }
    if std::io::stderr().is_terminal() {
        cargo.env("CARGO_TERM_COLOR", "always");
    }
    let mut child = cargo.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().context("cannot start cargo")?;
    if let Some(output) = child.stderr.take() {
        for line in BufReader::new(output).split(b'\n') {
            let line = String::from_utf8_lossy(&line?).into_owned();
            // Said when there was nothing to do, too.
            if !line.contains("Finished") {
                eprintln!("{line}");
            }
        }
    }
    if !child.wait()?.success() {
        bail!("the {build} kernel ({profile}) and the programs did not build; see above");
    }
    Ok(())
}

/// Makes `to` from `from` by `make`, unless it was made from this very file. Says whether it did.
///
/// The two carry the same time-stamp afterwards. "Newer" would not do: going back to the other build
/// brings back an older file. Others may be reading `to`, so it is replaced, not rewritten.
fn copy_if_changed(from: &Path, to: &Path, make: impl Fn(&Path, &Path) -> Result<()>) -> Result<bool> {
    let stamp = |path: &Path| fs::metadata(path).and_then(|data| data.modified());
    let wanted = stamp(from).with_context(|| format!("the build left no {}", from.display()))?;
    if stamp(to).is_ok_and(|stamp| stamp == wanted) {
        return Ok(false);
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    let fresh = to.with_extension("new");
    make(from, &fresh)?;
    File::options().append(true).open(&fresh)?.set_modified(wanted)?;
    fs::rename(&fresh, to)?;
    Ok(true)
}

fn strip(from: &Path, to: &Path) -> Result<()> {
    let status = Command::new("strip").arg("-o").arg(to).arg(from).status().context("cannot run strip (binutils)")?;
    if !status.success() {
        bail!("strip failed on {}", from.display());
    }
    Ok(())
}
