//! Where things are.
//!
//! The project's root is known from where this crate was compiled, so every sub-command works from any
//! directory. Build products go below cargo's target directory and nowhere else.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The root of the project, absolute. `JOS_ROOT` names a copy of the tree to work on instead: see [`crate::mutants`].
pub fn root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| std::env::var_os("JOS_ROOT").map_or_else(|| here().to_owned(), PathBuf::from))
}

/// Where this program was compiled.
fn here() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .ancestors()
        .nth(4)
        .expect("scripts/host lies two levels below the root")
}

/// Cargo's target directory: `CARGO_TARGET_DIR`, else `target` in the root.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").filter(|directory| !directory.is_empty()).map_or_else(
        || root().join("target"),
        |directory| std::path::absolute(&directory).unwrap_or_else(|_| directory.into()),
    )
}

/// Where this tool keeps the kernels and programs it hands to QEMU.
pub fn products() -> PathBuf {
    target().join("jos")
}
