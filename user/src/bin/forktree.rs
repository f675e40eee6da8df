//! Forks a binary tree of processes and shows it.

#![no_std]
#![no_main]

use ulib::{Args, fork};
use user::fork_tree;

ulib::entry!(main);

fn main(_: Args) {
    fork_tree::grow(fork, "");
}
