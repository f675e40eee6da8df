//! Forks a binary tree of processes and shows it.

#![no_std]
#![no_main]

use ulib::{Args, SELF, cprintf, exit, fork, sys_getenvid};

ulib::entry!(main);

const DEPTH: usize = 3;

fn main(_: Args) {
    fork_tree("");
}

fn fork_tree(cur: &str) {
    cprintf!("{:04x}: I am '{}'\n", sys_getenvid().0, cur);
    fork_child(cur, b'0');
    fork_child(cur, b'1');
}

fn fork_child(cur: &str, branch: u8) {
    let len = cur.len();
    if len >= DEPTH {
        return;
    }
    let mut next = [branch; DEPTH];
    next[..len].copy_from_slice(cur.as_bytes());
    if fork() == Ok(SELF) {
        fork_tree(str::from_utf8(&next[..=len]).unwrap());
        exit();
    }
}
