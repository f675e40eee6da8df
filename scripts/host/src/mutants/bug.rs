//! One seeded bug: its file, read, and put into a tree.
//!
//! A file in `scripts/mutants` has a head of `key: value` lines, an empty line, and changes in the form of a diff without
//! line numbers: `--- FILE`, then lines that begin with a blank (they stay), `-` (they go) or `+` (they come). `@@` begins
//! another change of the same file. What is looked for has to be there exactly once; blanks and line ends do not count, nor
//! windows and audits between lines, so that a patch outlives a new formatting and any number of lines above it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use regex::Regex;

use crate::kernel_build::Build;
use crate::paths;

/// A bug that can be put back.
#[derive(Clone, Debug)]
pub struct Bug {
    /// The file's name without its ending.
    pub name: String,
    /// What is wrong, in a sentence.
    pub about: String,
    /// What it belongs to: `race 13`, a kind of lock bug, or what else is wrong.
    pub topic: String,
    /// What has to notice it.
    pub catcher: Catcher,
    /// Whether it was never seen to be caught, so that CI leaves it to people.
    pub unproven: bool,
    changes: Vec<Change>,
}

/// Who notices a bug, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Catcher {
    /// A line of the kernel while it runs `load`, on each of several numbers of CPUs.
    Line {
        /// Part of the line.
        text: String,
        /// What runs.
        load: Load,
        /// The numbers of CPUs, each of which has to show it.
        cpus: Vec<u16>,
    },
    /// A test of the kernel crate (or another) on the host.
    Host {
        /// Part of its name.
        test: String,
        /// The crate.
        package: String,
        /// Cargo's features, perhaps none.
        features: String,
    },
    /// A test in QEMU, by its full name.
    Qemu(String),
    /// The compiler, with these words.
    Compiler(String),
}

/// What a kernel runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Load {
    /// As on the command line of `scripts/jos run`.
    pub programs: String,
    /// Which kernel.
    pub build: Build,
    /// Words for its command line, perhaps none.
    pub options: String,
}

#[derive(Clone, Debug)]
struct Change {
    file: String,
    old: String,
    new: String,
}

/// What a lock bug is shown to, unless its file says otherwise, and on how many CPUs.
const LOAD: &str = "stress:7:60:4";
const CPUS: &str = "2 8";

/// What may stand between two lines of a change: blanks, and calls that a release kernel has not.
const HOOKS: &str = r"\s*(?:(?:sync::)?(?:window|audit|trace)::[^;]*;\s*)*";

/// Where the bugs are.
pub const FOLDER: &str = "scripts/mutants";

/// All bugs, by name.
///
/// # Errors
/// When a file does not say what it has to.
pub fn all() -> Result<Vec<Bug>> {
    let folder = paths::root().join(FOLDER);
    let mut bugs = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "mutant") {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let text = fs::read_to_string(&path)?;
            bugs.push(parse(&name, &text).with_context(|| format!("{FOLDER}/{name}.mutant"))?);
        }
    }
    bugs.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(bugs)
}

impl Bug {
    /// Puts the bug into the tree at `root`.
    ///
    /// # Errors
    /// When the code it changes is not there any more, or there twice.
    pub fn apply(&self, root: &Path) -> Result<()> {
        for change in &self.changes {
            let path = root.join(&change.file);
            let text = fs::read_to_string(&path)
                .with_context(|| format!("{FOLDER}/{}.mutant: cannot read {}", self.name, change.file))?;
            let changed = change.apply(&text).with_context(|| {
                format!("{FOLDER}/{}.mutant no longer fits {}: bring it up to date", self.name, change.file)
            })?;
            fs::write(path, changed)?;
        }
        Ok(())
    }

    /// Whether the bug would fit the tree at `root`.
    ///
    /// # Errors
    /// As [`Bug::apply`].
    pub fn check(&self, root: &Path) -> Result<()> {
        let files: Vec<_> = self.changes.iter().map(|change| change.file.as_str()).collect();
        let scratch = tempfile::tempdir()?;
        for file in files {
            let to = scratch.path().join(file);
            fs::create_dir_all(to.parent().context("a file is in a folder")?)?;
            fs::copy(root.join(file), to)
                .with_context(|| format!("{FOLDER}/{}.mutant names {file}, which is not there", self.name))?;
        }
        self.apply(scratch.path())
    }
}

impl Change {
    fn apply(&self, text: &str) -> Result<String> {
        let line = |line: &str| line.split_whitespace().map(regex::escape).collect::<Vec<_>>().join(r"\s*");
        let lines: Vec<_> = self.old.lines().filter(|line| !line.trim().is_empty()).map(line).collect();
        let pattern = Regex::new(&lines.join(HOOKS))?;
        let mut places = pattern.find_iter(text);
        let place = places.next().with_context(|| format!("this is not there:\n{}", self.old))?;
        ensure!(places.next().is_none(), "this is there more than once:\n{}", self.old);
        Ok(format!("{}{}{}", &text[..place.start()], self.new.trim(), &text[place.end()..]))
    }
}

fn parse(name: &str, text: &str) -> Result<Bug> {
    let (head, body) = text.split_once("\n\n").context("no empty line behind the head")?;
    let mut keys = Vec::new();
    for line in head.lines() {
        let (key, value) = line.split_once(": ").with_context(|| format!("no `key: value`: {line}"))?;
        ensure!(KEYS.contains(&key), "unknown key {key:?}");
        keys.push((key, value.trim()));
    }
    let value = |key: &str| keys.iter().find(|(known, _)| *known == key).map(|(_, value)| *value);
    let about = value("about").context("no line `about: `")?.to_owned();
    let topic = match (value("race"), value("lock").or(value("other"))) {
        (Some(row), None) => format!("race {row}"),
        (None, Some(kind)) => kind.to_owned(),
        _ => bail!("one line `race: ROW`, `lock: KIND` or `other: KIND` is needed"),
    };
    let (catcher, unproven) = (catcher(&value)?, value("unproven").is_some());
    Ok(Bug { name: name.to_owned(), about, topic, catcher, unproven, changes: changes(body)? })
}

const KEYS: [&str; 12] =
    ["about", "race", "lock", "other", "catch", "run", "options", "cpus", "build", "package", "features", "unproven"];

fn catcher<'a>(value: &impl Fn(&str) -> Option<&'a str>) -> Result<Catcher> {
    let catch = value("catch").context("no line `catch: `")?;
    let (how, what) = catch.split_once(' ').context("`catch: ` takes two words or more")?;
    let load = || -> Result<Catcher> {
        let build = match value("build").unwrap_or("fine") {
            "fine" => Build::Fine,
            "big" => Build::Big,
            other => bail!("unknown build {other:?}"),
        };
        let cpus = value("cpus").unwrap_or(CPUS).split(' ').map(str::parse).collect::<Result<_, _>>()?;
        let programs = value("run").unwrap_or(LOAD).to_owned();
        let text = if how == "report" { format!("LOCKREPORT kind={what} ") } else { what.to_owned() };
        let options = value("options").unwrap_or_default().to_owned();
        Ok(Catcher::Line { text, load: Load { programs, build, options }, cpus })
    };
    Ok(match how {
        "report" | "line" => load()?,
        "host" => Catcher::Host {
            test: what.to_owned(),
            package: value("package").unwrap_or("kernel").to_owned(),
            features: value("features").unwrap_or_default().to_owned(),
        },
        "qemu" => Catcher::Qemu(what.to_owned()),
        "compiler" => Catcher::Compiler(what.to_owned()),
        _ => bail!("nobody catches by {how:?}: it is report, line, host, qemu or compiler"),
    })
}

fn changes(body: &str) -> Result<Vec<Change>> {
    let mut changes: Vec<Change> = Vec::new();
    let fresh = |file: &str| Change { file: file.to_owned(), old: String::new(), new: String::new() };
    for line in body.lines() {
        if let Some(file) = line.strip_prefix("--- ") {
            changes.push(fresh(file.trim()));
            continue;
        }
        let change = changes.last_mut().context("a change before the first `--- FILE`")?;
        let (sign, rest) = line.split_at_checked(1).unwrap_or((" ", ""));
        match sign {
            "@" => {
                let next = fresh(&change.file);
                changes.push(next);
                continue;
            }
            " " => [&mut change.old, &mut change.new].into_iter().for_each(|side| side.push_str(rest)),
            "-" => change.old.push_str(rest),
            "+" => change.new.push_str(rest),
            _ => bail!("a line that begins with none of ` -+@`: {line}"),
        }
        if sign != "+" {
            change.old.push('\n');
        }
        if sign != "-" {
            change.new.push('\n');
        }
    }
    ensure!(!changes.is_empty(), "nothing is changed");
    for change in &changes {
        ensure!(!change.old.trim().is_empty(), "{}: a change without a line that is there", change.file);
        ensure!(change.old != change.new, "{}: a change that changes nothing", change.file);
    }
    Ok(changes)
}

#[cfg(test)]
mod tests;
