//! The kernel's executable: everything is in the library of the same name, which also compiles for tests on the host.

#![cfg_attr(target_os = "none", no_std, no_main)]

use kernel as _;

/// The kernel is no program for the host.
#[cfg(not(target_os = "none"))]
fn main() {}
