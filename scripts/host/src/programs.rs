//! Programs: those of `user/`, by name, and foreign ones, by path.
//!
//! A program on the command line is checked before anything is built or booted: a name has to be known, a
//! path has to lead to a program this kernel could run.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use object::elf;
use object::read::elf::{ElfFile32, FileHeader};

use crate::paths;
use crate::qemu::Module;

/// A program to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Its name as a module.
    pub name: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// The file, if it is not one of `user/`.
    pub file: Option<PathBuf>,
}

impl Program {
    /// The word on the kernel's command line that starts it.
    pub fn word(&self) -> String {
        let words = std::iter::once(&self.name).chain(&self.arguments);
        words.map(String::as_str).collect::<Vec<_>>().join(":")
    }

    /// The module to hand over. `programs` is the folder with those of `user/`.
    pub fn module(&self, programs: &Path) -> Module {
        let path = self.file.clone().unwrap_or_else(|| programs.join(&self.name));
        Module { name: self.name.clone(), path }
    }
}

/// The names of all programs in `user/`, sorted.
///
/// # Errors
/// When `user/src/bin` cannot be read.
pub fn names() -> Result<Vec<String>> {
    let folder = paths::root().join("user/src/bin");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs")
            && let Some(stem) = path.file_stem()
        {
            names.push(stem.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Reads what somebody typed: `NAME[:ARGUMENT…]`, or the same with a path to an ELF file in place of the name.
///
/// # Errors
/// When there is no such program or no such file, or the file is no program for this kernel. The message
/// says what would have done.
pub fn parse(typed: &str) -> Result<Program> {
    let is_path = typed.contains('/') || typed.ends_with(".elf");
    if is_path && Path::new(typed).exists() {
        return foreign(Path::new(typed), Vec::new());
    }
    // A colon in the name of a folder is none of ours.
    let name_at = typed.rfind('/').map_or(0, |slash| slash + 1);
    let mut words = typed[name_at..].split(':').map(str::to_owned);
    let name = words.next().unwrap_or_default();
    let arguments: Vec<_> = words.collect();
    if arguments.iter().any(|argument| argument.is_empty() || argument.contains(char::is_whitespace)) {
        bail!("{typed}: an argument of a program may be neither empty nor contain blanks");
    }
    if is_path {
        return foreign(Path::new(&typed[..name_at + name.len()]), arguments);
    }
    let known = names()?;
    if !known.contains(&name) {
        bail!(
            "there is no program {name:?}; {}\n(a path to a program needs a slash: ./{name})",
            suggestion(&name, &known)
        );
    }
    Ok(Program { name, arguments, file: None })
}

/// The modules for `programs`, each once.
///
/// # Errors
/// When two different files have the same name.
pub fn modules(programs: &[Program], folder: &Path) -> Result<Vec<Module>> {
    let mut modules: Vec<Module> = Vec::new();
    for module in programs.iter().map(|program| program.module(folder)) {
        match modules.iter().find(|other| other.name == module.name) {
            None => modules.push(module),
            Some(other) if other.path == module.path => {}
            Some(other) => bail!("{} and {} have the same name", other.path.display(), module.path.display()),
        }
    }
    Ok(modules)
}

/// The close names, or all when none is close.
fn suggestion(name: &str, known: &[String]) -> String {
    let mut close: Vec<_> = known
        .iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate.as_str()))
        .filter(|(closeness, candidate)| *closeness > 0.8 || (!name.is_empty() && candidate.contains(name)))
        .collect();
    if close.is_empty() {
        return format!("there are: {}", known.join(" "));
    }
    close.sort_by(|a, b| b.0.total_cmp(&a.0));
    let names: Vec<_> = close.into_iter().take(5).map(|(_, candidate)| candidate).collect();
    format!("did you mean {}?", names.join(", "))
}

fn foreign(path: &Path, arguments: Vec<String>) -> Result<Program> {
    let shown = path.display();
    let data = fs::read(path).with_context(|| format!("cannot read the program {shown}"))?;
    let file: ElfFile32<'_> =
        ElfFile32::parse(&*data).map_err(|error| anyhow::anyhow!("{shown} is no 32-bit ELF program: {error}"))?;
    let (header, order) = (file.elf_header(), file.endian());
    if header.e_machine(order) != elf::EM_386 || header.e_type(order) != elf::ET_EXEC {
        bail!("{shown} is an ELF file, but no statically linked program for 32-bit x86");
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if name.contains(|letter: char| letter.is_whitespace() || ":,=".contains(letter)) {
        bail!("{shown}: the name of a program may not contain blanks, colons, commas or '='");
    }
    Ok(Program { name, arguments, file: Some(path.to_owned()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_have_arguments() {
        let program = parse("hello:4:100").expect("hello is in user/");
        assert_eq!((program.name.as_str(), program.word().as_str()), ("hello", "hello:4:100"));
    }

    #[test]
    fn a_near_miss_is_told_the_right_name() {
        let message = parse("helo").expect_err("there is no helo").to_string();
        assert!(message.contains("did you mean hello"), "{message}");
    }

    #[test]
    fn a_file_that_is_no_program_is_refused() {
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        assert!(parse(manifest).expect_err("no ELF").to_string().contains("no 32-bit ELF program"));
        assert!(parse("./no/such/file").is_err());
    }

    #[test]
    fn a_program_of_the_host_is_refused() {
        let own = std::env::current_exe().expect("this test is a program");
        let message = parse(&own.display().to_string()).expect_err("64 bits").to_string();
        assert!(message.contains("no 32-bit ELF program"), "{message}");
    }
}
