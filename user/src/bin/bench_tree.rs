//! Benchmark: a binary tree of forks that ends from the leaves; an operation is one of its 14 children.
//!
//! One worker has more to do than one CPU can: idle CPUs should come to help.

#![no_std]
#![no_main]

use ulib::{Args, SELF, exit, fork, mark, wait};
use user::bench;

ulib::entry!(main);

const DEPTH: u32 = 3;
const CHILDREN: u32 = (2 << DEPTH) - 2;

fn main(args: Args) {
    bench::run_marked("tree", args, CHILDREN, || (), |()| grow(DEPTH));
}

/// Two children that each grow a tree of `depth - 1`. Returns when all are gone.
fn grow(depth: u32) {
    let children = [(); 2].map(|()| {
        let child = fork().unwrap();
        if child == SELF {
            if depth > 1 {
                grow(depth - 1);
            }
            mark::op();
            exit();
        }
        child
    });
    children.into_iter().for_each(wait);
}
