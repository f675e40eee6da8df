//! Forks a binary tree of processes and shows it, all of them sharing their globals.

#![no_std]
#![no_main]

use ulib::{Args, sfork};
use user::fork_tree;

ulib::entry!(main);

fn main(_: Args) {
    fork_tree::grow(sfork, "");
}
