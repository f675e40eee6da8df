//! A binary tree of processes: what `forktree` and `forktrees` grow, each with its own kind of fork.

use ulib::{EnvId, Error, SELF, cprintf, exit, sys_getenvid};

const DEPTH: usize = 3;

/// Says who the caller is and which branches lead to it (`cur`, of the digits 0 and 1), and grows the rest below it by `fork`.
pub fn grow(fork: fn() -> Result<EnvId, Error>, cur: &str) {
    cprintf!("{:04x}: I am '{}'\n", sys_getenvid().0, cur);
    fork_child(fork, cur, b'0');
    fork_child(fork, cur, b'1');
}

fn fork_child(fork: fn() -> Result<EnvId, Error>, cur: &str, branch: u8) {
    let len = cur.len();
    if len >= DEPTH {
        return;
    }
    let mut next = [branch; DEPTH];
    next[..len].copy_from_slice(cur.as_bytes());
    if fork() == Ok(SELF) {
        grow(fork, str::from_utf8(&next[..=len]).unwrap());
        exit();
    }
}
