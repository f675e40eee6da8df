//! What watches the kernel in a debug build is not there in a release build: no symbol, no text.

use std::fs;

use jos::kernel_build::{self, Build, Profile};
use libtest_mimic::{Failed, Trial};
use object::{Object, ObjectSymbol};

/// Beginnings of the names of functions and data.
const NAMES: [&str; 4] = ["sync::order", "sync::stats", "kernel::window", "kernel::audit"];
/// Text that a report has, and files that a panic would name.
const TEXTS: [&str; 5] =
    ["LOCKREPORT", "two-holders", "kernel/sync/src/order", "kernel/src/window", "kernel/src/audit"];

/// The tests.
pub(crate) fn trials() -> Vec<Trial> {
    let trial = |build| Trial::test(format!("{build}_release::checker::nothing_remains"), move || nothing(build));
    [Build::Fine, Build::Big].map(trial).into()
}

fn nothing(build: Build) -> Result<(), Failed> {
    let remains = remains(build, Profile::Release)?;
    if !remains.is_empty() {
        return Err(format!("the {build} kernel, optimised, has {remains:#?}").into());
    }
    // The same look finds it where it is.
    let there = self::remains(build, Profile::Debug)?;
    let unseen: Vec<_> = TEXTS.into_iter().filter(|text| !there.iter().any(|found| found == text)).collect();
    if !unseen.is_empty() || there.len() < 100 {
        return Err(format!("of the {build} kernel with checks, {} are seen and not {unseen:?}", there.len()).into());
    }
    Ok(())
}

/// Which of the texts a kernel has, and all symbols with one of the names.
fn remains(build: Build, profile: Profile) -> anyhow::Result<Vec<String>> {
    let image = kernel_build::build(build, profile)?;
    let (kernel, boot) = (fs::read(&image.kernel)?, fs::read(&image.boot)?);
    let file = object::File::parse(&*kernel)?;
    let shown = |symbol: object::Symbol<'_, '_>| Some(format!("{:#}", rustc_demangle::demangle(symbol.name().ok()?)));
    let symbols = file.symbols().filter_map(shown).filter(|name| NAMES.iter().any(|part| name.contains(part)));
    let has = |text: &&str| boot.windows(text.len()).any(|bytes| bytes == text.as_bytes());
    Ok(symbols.chain(TEXTS.into_iter().filter(has).map(str::to_owned)).collect())
}
