//! Rules for files: their length, their first line, and what has to be named where.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use regex::Regex;

use crate::paths;
use crate::programs;

/// Where this project's own source is.
const FOLDERS: [&str; 5] = ["kernel", "user", "ulib", "scripts", ".ci"];

/// A file can be read in a sitting.
const MOST_LINES: usize = 300;

/// Every source file with its path relative to the root, sorted.
pub(super) fn sources() -> Result<Vec<(String, String)>, String> {
    let mut files = Vec::new();
    for folder in FOLDERS {
        collect(&paths::root().join(folder), &mut files)?;
    }
    files.sort();
    files
        .into_iter()
        .filter(|path| is_source(path))
        .map(|path| {
            let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            let name = path.strip_prefix(paths::root()).unwrap_or(&path).display().to_string();
            Ok((name, text))
        })
        .collect()
}

fn collect(folder: &Path, to: &mut Vec<PathBuf>) -> Result<(), String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for entry in entries {
        let path = entry.map_err(|error| error.to_string())?.path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "target") {
                collect(&path, to)?;
            }
        } else {
            to.push(path);
        }
    }
    Ok(())
}

/// Rust, assembly, linker scripts, C, and the shell scripts, which have no extension.
fn is_source(path: &Path) -> bool {
    path.extension().is_none_or(|extension| ["rs", "S", "ld", "c", "h", "sh"].iter().any(|known| extension == *known))
}

/// The text of a file of the project. That it is missing is a failure, not a reason to skip a check.
pub(super) fn text(name: &str) -> Result<String, String> {
    fs::read_to_string(paths::root().join(name)).map_err(|error| format!("{name}: {error}"))
}

/// All complaints as one error.
pub(super) fn verdict(complaints: &[String]) -> Result<(), String> {
    if complaints.is_empty() { Ok(()) } else { Err(complaints.join("\n")) }
}

pub(super) fn short() -> Result<(), String> {
    let long: Vec<_> = sources()?
        .iter()
        .map(|(name, text)| (name, text.lines().count()))
        .filter(|(_, lines)| *lines > MOST_LINES)
        .map(|(name, lines)| format!("{name} has {lines} lines; {MOST_LINES} are the limit"))
        .collect();
    verdict(&long)
}

pub(super) fn introduced() -> Result<(), String> {
    let silent: Vec<_> = sources()?
        .iter()
        .filter(|(name, text)| has_extension(name, "rs") && !text.starts_with("//! "))
        .map(|(name, _)| format!("{name} does not begin with a line that says what it is (//! ...)"))
        .collect();
    verdict(&silent)
}

/// The lock classes in `rank.rs` and in the table of the notes, in order.
pub(super) fn ranks() -> Result<(), String> {
    let code = text("kernel/sync/src/rank.rs")?;
    let names = Regex::new(r#"(?m)^\s+name: "([^"]+)","#).map_err(|error| error.to_string())?;
    let declared: Vec<_> = names.captures_iter(&code).map(|found| found[1].to_owned()).collect();
    let notes = text("locking-notes.md")?;
    let rows = Regex::new(r"(?m)^\| (\d+) \| ([^|]+?) \|").map_err(|error| error.to_string())?;
    let written: Vec<_> = rows.captures_iter(&notes).map(|found| (found[1].to_owned(), found[2].to_owned())).collect();
    let expected: Vec<_> = declared.iter().enumerate().map(|(i, name)| ((i + 1).to_string(), name.clone())).collect();
    // Other numbered tables may follow the one of the order, which comes first.
    if !declared.is_empty() && written.starts_with(&expected) {
        return Ok(());
    }
    Err(format!("rank.rs declares {declared:?}, the table in locking-notes.md says {written:?}"))
}

/// Every program stands in `user/README.md` and in a test, or is a benchmark, which `bench` finds by its name.
pub(super) fn programs() -> Result<(), String> {
    let readme = text("user/README.md")?;
    let tests: String = sources()?
        .into_iter()
        .filter(|(name, _)| name.starts_with("scripts/host/tests/qemu/"))
        .map(|(_, text)| text)
        .collect();
    let mut complaints = Vec::new();
    for name in programs::names().map_err(|error| error.to_string())? {
        let word = Regex::new(&format!(r"\b{name}\b")).map_err(|error| error.to_string())?;
        if !word.is_match(&readme) {
            complaints.push(format!("the program {name} is missing in user/README.md"));
        }
        let quoted = Regex::new(&format!("\"{name}[\":]")).map_err(|error| error.to_string())?;
        if !quoted.is_match(&tests) {
            complaints.push(format!("the program {name} is started by no test"));
        }
    }
    verdict(&complaints)
}

pub(super) fn scripts() -> Result<(), String> {
    let mut complaints = Vec::new();
    for name in ["scripts/jos", "scripts/setup", ".ci/run"] {
        let answer = Command::new("bash").arg("-n").arg(paths::root().join(name)).output();
        match answer {
            Ok(answer) if answer.status.success() => {}
            Ok(answer) => complaints.push(String::from_utf8_lossy(&answer.stderr).into_owned()),
            Err(error) => complaints.push(format!("cannot run bash: {error}")),
        }
    }
    verdict(&complaints)
}

pub(super) fn has_extension(name: &str, wanted: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == wanted)
}
