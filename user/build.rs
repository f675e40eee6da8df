//! Hands the linker script to every program; nothing when the host merely looks at the crate.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=user.ld");
    let none = env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "none");
    if let (true, Ok(dir)) = (none, env::var("CARGO_MANIFEST_DIR")) {
        println!("cargo:rustc-link-arg-bins=-T{dir}/user.ld");
    }
}
