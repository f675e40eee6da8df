//! `jos iso`: a bootable CD image with the kernel and all programs.
//!
//! GRUB loads the kernel by Multiboot, as QEMU's `-kernel` does, and offers a menu with an entry for each program.
//! For real machines and for virtual ones that are not QEMU.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::kernel_build::{self, Image};
use crate::options::KernelOptions;
use crate::outcome::Outcome;
use crate::paths;
use crate::programs::{self, Program};

/// Make a bootable CD image with the kernel and all programs
///
/// It starts the programs named here; without any, a menu offers all.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Programs to start at once: names from user/, as NAME or NAME:ARG:ARG, or paths to ELF files.
    #[arg(value_name = "PROGRAM")]
    programs: Vec<String>,
    #[command(flatten)]
    kernel: KernelOptions,
    /// Where to put the image [default: target/jos/jos.iso].
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// What GRUB's menu starts by itself, and after how many seconds.
const DEFAULT: (&str, u32) = ("primes", 10);

/// Runs the sub-command.
///
/// # Errors
/// When a program is unknown, the kernel does not build, or GRUB's tools are missing.
pub fn iso(options: &Options) -> Result<Outcome> {
    let programs = options.programs.iter().map(|typed| programs::parse(typed)).collect::<Result<Vec<_>>>()?;
    let image = kernel_build::build(options.kernel.build, options.kernel.profile)?;
    let output = options.output.clone().unwrap_or_else(|| paths::products().join("jos.iso"));
    make(&image, &[], &programs, &output)?;
    println!("{}", output.display());
    Ok(Outcome::Good)
}

/// Whether this host can make such images.
pub fn possible() -> bool {
    let runs = |tool: &str| Command::new(tool).arg("--version").output().is_ok_and(|answer| answer.status.success());
    runs("grub-mkrescue") && runs("xorriso")
}

/// Makes the image. With `programs` it starts them at once, without it offers a menu of all in `user/`. `words` go before
/// the programs on the kernel's command line.
///
/// # Errors
/// When GRUB's tools are missing or fail, or a file cannot be written.
pub fn make(image: &Image, words: &[&str], programs: &[Program], to: &Path) -> Result<()> {
    if !possible() {
        bail!("grub-mkrescue and xorriso are needed for a CD image; scripts/setup iso installs them");
    }
    let named: Vec<Program> = if programs.is_empty() {
        programs::names()?.iter().map(|name| programs::parse(name)).collect::<Result<_>>()?
    } else {
        programs.to_vec()
    };
    let tree = tempfile::tempdir().context("cannot create a temporary folder")?;
    let boot = tree.path().join("boot");
    fs::create_dir_all(boot.join("grub"))?;
    fs::create_dir_all(boot.join("programs"))?;
    fs::copy(&image.boot, boot.join("kernel"))?;
    fs::copy(&image.symbols, boot.join("kernel.sym"))?;
    let modules = programs::modules(&named, &image.programs)?;
    for module in &modules {
        let to = boot.join("programs").join(&module.name);
        fs::copy(&module.path, to).with_context(|| format!("cannot read {}", module.path.display()))?;
    }
    let menu = if programs.is_empty() { menu(words, &named) } else { at_once(words, programs) };
    fs::write(boot.join("grub/grub.cfg"), menu)?;
    let answer = Command::new("grub-mkrescue").arg("-o").arg(to).arg(tree.path()).output()?;
    if !answer.status.success() {
        bail!("grub-mkrescue failed:\n{}", String::from_utf8_lossy(&answer.stderr));
    }
    Ok(())
}

fn menu(words: &[&str], programs: &[Program]) -> String {
    let default = programs.iter().position(|program| program.name == DEFAULT.0).unwrap_or(0);
    let mut text = format!("set default={default}\nset timeout={}\n", DEFAULT.1);
    for program in programs {
        text += &entry(&program.name, words, std::slice::from_ref(program));
    }
    text
}

fn at_once(words: &[&str], programs: &[Program]) -> String {
    "set timeout=0\n".to_owned() + &entry("jos", words, programs)
}

/// One entry of GRUB's menu. GRUB passes on only what follows a file's name, so a module's name is repeated.
fn entry(title: &str, words: &[&str], programs: &[Program]) -> String {
    let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).chain(programs.iter().map(Program::word)).collect();
    let mut text = format!("menuentry '{title}' {{\n  multiboot /boot/kernel {}\n", words.join(" "));
    let mut names: Vec<_> = programs.iter().map(|program| &program.name).collect();
    names.sort();
    names.dedup();
    for name in names {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  module /boot/programs/{name} {name}");
    }
    text + "  module /boot/kernel.sym kernel.sym\n}\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_menu_starts_primes_by_itself() {
        let named = |name: &str| Program { name: name.to_owned(), arguments: Vec::new(), file: None };
        let text = menu(&[], &[named("hello"), named("primes")]);
        assert!(text.starts_with("set default=1\n"), "{text}");
        assert!(text.contains("multiboot /boot/kernel hello\n  module /boot/programs/hello hello\n"), "{text}");
    }
}
