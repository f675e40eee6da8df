//! Rewrites the kernel in a copy of the tree, so that each of its steps can be chosen while its tests run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::find::find;
use crate::mutants::places::kernel;
use crate::mutants::tree::Tree;
use crate::mutants::watch::{End, watch};

/// What chooses, in each crate.
const CHOSEN: &str = include_str!("chosen.rs");
/// How rewritten code calls it.
const MARK: &str = "crate::steps::";

/// The crates that have steps, and the one that includes their files.
const CRATES: [&str; 2] = ["kernel/sync", "kernel"];
const INCLUDES: &str = "kernel/model";

/// A watch-dog for building; and how often to try, as one error hides others.
const BUILDING: Duration = Duration::from_secs(20 * 60);
const TRIES: usize = 20;

/// A step, and in which file.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// `FILE:LINE`.
    pub(super) name: String,
    /// What is done otherwise.
    pub(super) what: String,
}

/// Lines of files where nothing can be put in, because what comes out is not Rust, or not of the right type.
pub(super) type Refused = BTreeMap<String, BTreeSet<usize>>;

/// Rewrites what is in `tree`; the steps, each at its number. Steps that the compiler refuses stay as they are.
///
/// # Errors
/// When the tests do not build.
pub(super) fn plant(tree: &Tree, tests: &[&[&str]]) -> Result<Vec<Place>> {
    let mut refused = Refused::new();
    for _ in 0..TRIES {
        tree.restore()?;
        let places = rewrite(tree.root(), &refused)?;
        let Some(errors) = errors(tree, tests)? else { return Ok(places) };
        let before = refused.values().map(BTreeSet::len).sum::<usize>();
        errors.iter().for_each(|error| refuse(tree.root(), error, &mut refused));
        let after = refused.values().map(BTreeSet::len).sum::<usize>();
        let said = errors.iter().filter_map(|error| error["rendered"].as_str());
        ensure!(after > before, "it does not build:\n{}", said.collect::<String>());
    }
    bail!("it does not build, however few steps there are")
}

/// Rewrites all files, and puts in what chooses.
pub(super) fn rewrite(root: &Path, refused: &Refused) -> Result<Vec<Place>> {
    let (mut places, none) = (Vec::new(), BTreeSet::new());
    for file in kernel(root)? {
        let path = root.join(&file);
        let text = fs::read_to_string(&path)?;
        let found = find(&text, places.len(), refused.get(&file).unwrap_or(&none)).with_context(|| file.clone())?;
        places.extend(
            found.steps.into_iter().map(|step| Place { name: format!("{file}:{}", step.line), what: step.what }),
        );
        fs::write(&path, found.text)?;
    }
    for name in CRATES.into_iter().chain([INCLUDES]) {
        let sources = root.join(name).join("src");
        let library = sources.join("lib.rs");
        let text = fs::read_to_string(&library)? + "\npub(crate) mod steps;\n";
        fs::write(library, text)?;
        fs::write(sources.join("steps.rs"), CHOSEN)?;
    }
    Ok(places)
}

/// A cargo command that tests `which` in the copy: built quickly, but so that it runs quickly, too, with a choice at each step.
///
/// # Errors
/// When there is no toolchain.
pub(super) fn tests(tree: &Tree, which: &[&str]) -> Result<Command> {
    let mut cargo = tree.cargo()?;
    cargo
        .arg("test")
        .args(which)
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_INCREMENTAL", "0")
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", "1");
    Ok(cargo)
}

/// Builds the tests; what the compiler says against the first of them that does not.
fn errors(tree: &Tree, which: &[&[&str]]) -> Result<Option<Vec<Value>>> {
    for tests_of in which {
        let built = watch(tests(tree, tests_of)?.args(["--no-run", "--message-format", "json"]), BUILDING, |_| false)?;
        if matches!(built.end, End::Exit(status) if status.success()) {
            continue;
        }
        let messages = built.lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let messages = messages.map(|mut line| line["message"].take());
        let errors: Vec<_> = messages.filter(|message| message["level"] == "error").collect();
        ensure!(!errors.is_empty(), "it does not build:\n{}", built.tail(5));
        return Ok(Some(errors));
    }
    Ok(None)
}

/// Notes the lines that an error is about: those that it shows where something was put in, or the last such line before.
pub(super) fn refuse(root: &Path, error: &Value, refused: &mut Refused) {
    let spans = error["spans"].as_array().into_iter().flatten();
    let children = error["children"].as_array().into_iter().flatten();
    let shown: Vec<_> =
        spans.chain(children.flat_map(|child| child["spans"].as_array().into_iter().flatten())).collect();
    let mut last = None;
    for span in shown {
        let number = |key: &str| span[key].as_u64().and_then(|line| usize::try_from(line).ok()).unwrap_or_default();
        let file = plain(span["file_name"].as_str().unwrap_or_default());
        let text = fs::read_to_string(root.join(&file)).unwrap_or_default();
        let put_in: Vec<_> = (1..).zip(text.lines()).filter(|(_, line)| line.contains(MARK)).map(|(n, _)| n).collect();
        let here = put_in.iter().filter(|line| (number("line_start")..=number("line_end")).contains(line));
        let here: Vec<_> = here.copied().collect();
        if !here.is_empty() {
            refused.entry(file).or_default().extend(here);
            return;
        }
        let before = put_in.into_iter().rfind(|line| *line < number("line_start"));
        last = last.or(before.map(|line| (file, line)));
    }
    if let Some((file, line)) = last {
        refused.entry(file).or_default().insert(line);
    }
}

/// The name of a file without the way back out of a folder.
pub(super) fn plain(name: &str) -> String {
    let mut parts = Vec::new();
    for part in Path::new(name).components() {
        match part {
            Component::ParentDir => _ = parts.pop(),
            part => parts.push(part.as_os_str().to_string_lossy()),
        }
    }
    parts.join("/")
}
