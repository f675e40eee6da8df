//! The monitor's commands about locks: who has them, what was learned of their order, what they cost.
//!
//! What there is to see depends on the mode the kernel was built in: see `kernel/sync/src/lib.rs`. All text is made while
//! the console lock is held, which is safe: looking at what was learned takes no lock.

use sync::{order, rank, stats};

use crate::cpu::This;
use crate::{print, println};

/// `locks`: who holds and who waits.
pub fn locks() {
    order::print_held::<This>();
}

/// `lockgraph`: the graph in DOT with counts and first places, and which declared edges were never seen; with `--suggest`
/// the declaration that what was seen implies; with `--declared` the declaration alone.
pub fn graph(arguments: &[&str]) {
    match arguments {
        [] => print!("{}{}", order::graph::<This>(), order::coverage::<This>()),
        ["--suggest"] => print!("{}", order::suggestion::<This>()),
        ["--declared"] => print!("{}", Declared),
        _ => println!("lockgraph [--suggest | --declared]"),
    }
}

/// `lockstat`: how often each class was taken, waited for and held, and where waiting took longest.
pub fn statistics() {
    print!("{}", stats::table::<This>());
}

struct Declared;

impl core::fmt::Display for Declared {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        rank::dot(f)
    }
}
