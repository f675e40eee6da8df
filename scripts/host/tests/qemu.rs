//! The tests that boot the kernel in QEMU.

fn main() {}
