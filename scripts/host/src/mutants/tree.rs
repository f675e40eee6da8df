//! A copy of the source tree to break, with build products of its own.
//!
//! Below `target/mutants/N`: `tree`, brought up to date before each bug, and `target`. Files that did not change keep
//! their time-stamps, so cargo builds only what a bug touches.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::paths;
use crate::toolchain::Toolchain;

/// What is not source.
const NOT_COPIED: [&str; 3] = ["target", ".git", "x86_64-unused"];

/// What of cargo's products a new copy starts from: what is built of other people's crates, mostly.
const SEEDS: [&str; 2] = ["debug", "i686-target/debug"];
const PARTS: [&str; 3] = [".fingerprint", "build", "deps"];

/// A scratch tree.
#[derive(Debug)]
pub struct Tree {
    root: PathBuf,
    target: PathBuf,
    /// Locked, for as long as the tree is used.
    _mine: File,
}

impl Tree {
    /// Scratch tree number `number`, as it was left.
    ///
    /// # Errors
    /// When its folder cannot be made, or another hunt has it: two would build and judge each other's bugs.
    pub fn open(number: usize) -> Result<Self> {
        let folder = paths::target().join("mutants").join(number.to_string());
        let tree = Self { root: folder.join("tree"), target: folder.join("target"), _mine: lock(&folder)? };
        if !tree.target.exists() {
            tree.seed().context("cannot copy what was built already")?;
        }
        tree.restore()?;
        Ok(tree)
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Makes it the same as the source tree.
    ///
    /// # Errors
    /// When files cannot be read or written.
    pub fn restore(&self) -> Result<()> {
        same(paths::root(), &self.root)
    }

    /// Cargo, for this tree.
    ///
    /// # Errors
    /// When there is no toolchain.
    pub fn cargo(&self) -> Result<Command> {
        let mut cargo = Toolchain::find()?.cargo();
        self.redirect(&mut cargo);
        Ok(cargo)
    }

    /// This very program, for this tree.
    ///
    /// # Errors
    /// When it does not know where it is.
    pub fn jos(&self) -> Result<Command> {
        let mut jos = Command::new(as_it_was(std::env::current_exe()?));
        self.redirect(&mut jos);
        Ok(jos)
    }

    /// Makes a command of this project work on this tree.
    pub fn redirect(&self, command: &mut Command) {
        command.current_dir(&self.root).env("JOS_ROOT", &self.root).env("CARGO_TARGET_DIR", &self.target);
    }

    /// Keeps what the last run said, for whoever wants to know why: `last.log` beside the tree.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep(&self, lines: &[String]) -> Result<()> {
        Ok(fs::write(self.root.with_file_name("last.log"), lines.join("\n"))?)
    }

    fn seed(&self) -> Result<()> {
        for (seed, part) in SEEDS.iter().flat_map(|seed| PARTS.iter().map(move |part| (seed, part))) {
            let (from, to) = (paths::target().join(seed).join(part), self.target.join(seed));
            if from.is_dir() {
                fs::create_dir_all(&to)?;
                // Cargo goes by time-stamps, so they are to stay.
                Command::new("cp").arg("-a").arg(from).arg(to).status().context("cannot run cp")?;
            }
        }
        Ok(())
    }
}

/// The path of a program that runs, which Linux marks when the file was replaced: Cargo does that to this one when it builds
/// the tests, and the new one is as good.
fn as_it_was(path: PathBuf) -> PathBuf {
    let plain = path.to_str().and_then(|path| path.strip_suffix(" (deleted)")).map(PathBuf::from);
    plain.unwrap_or(path)
}

/// Takes a folder for this process alone; the system gives it back however the process ends.
fn lock(folder: &Path) -> Result<File> {
    fs::create_dir_all(folder)?;
    let file = File::create(folder.join("lock")).with_context(|| format!("cannot write in {}", folder.display()))?;
    file.try_lock().with_context(|| format!("another `scripts/jos mutants` is at work in {}", folder.display()))?;
    Ok(file)
}

/// Makes `to` the same as `from`, touching only what differs.
///
/// # Errors
/// When files cannot be read or written.
pub fn same(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(to)? {
        let entry = entry?;
        if !from.join(entry.file_name()).exists() {
            let path = entry.path();
            if path.is_dir() { fs::remove_dir_all(path)? } else { fs::remove_file(path)? }
        }
    }
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (name, source) = (entry.file_name(), entry.path());
        let copy = to.join(&name);
        if NOT_COPIED.iter().any(|skipped| name == *skipped) {
            continue;
        }
        if source.is_dir() {
            same(&source, &copy)?;
        } else if fs::read(&copy).ok() != Some(fs::read(&source)?) {
            // With its rights: scripts are to stay scripts.
            fs::copy(&source, &copy).with_context(|| format!("cannot write {}", copy.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_where_it_was_when_it_has_been_replaced() {
        let path = |text: &str| as_it_was(PathBuf::from(text)).display().to_string();
        assert_eq!([path("/a/jos"), path("/a/jos (deleted)")], ["/a/jos", "/a/jos"]);
        // A running program whose file another one takes the place of: what the system says of it then.
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sleep");
        fs::copy("/bin/sleep", &file).unwrap();
        let mut child = Command::new(&file).arg("60").spawn().unwrap();
        fs::copy("/bin/sleep", folder.path().join("new")).unwrap();
        fs::rename(folder.path().join("new"), &file).unwrap();
        let seen = fs::read_link(format!("/proc/{}/exe", child.id()));
        child.kill().and_then(|()| child.wait()).unwrap();
        assert_eq!(as_it_was(seen.unwrap()), file.canonicalize().unwrap());
    }

    #[test]
    fn one_hunt_has_a_tree() {
        let folder = tempfile::tempdir().unwrap();
        let mine = lock(folder.path()).unwrap();
        let error = lock(folder.path()).unwrap_err();
        assert!(format!("{error:#}").contains("another `scripts/jos mutants`"), "{error:#}");
        drop(mine);
        lock(folder.path()).unwrap();
    }

    #[test]
    fn only_what_differs_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir_all(from.join("a")).unwrap();
        fs::write(from.join("a/same"), "same").unwrap();
        fs::write(from.join("a/changed"), "good").unwrap();
        same(&from, &to).unwrap();
        let stamp = || fs::metadata(to.join("a/same")).unwrap().modified().unwrap();
        let before = stamp();
        fs::write(to.join("a/changed"), "bad").unwrap();
        fs::write(to.join("a/more"), "more").unwrap();
        same(&from, &to).unwrap();
        assert_eq!(fs::read_to_string(to.join("a/changed")).unwrap(), "good");
        assert!(!to.join("a/more").exists());
        assert_eq!(stamp(), before);
    }
}
