//! Stress: families of environments that do everything the kernel offers, at random, to each other.
//!
//! `stress:SEED:UNITS:FAMILIES`. Each family starts with one env that does UNITS actions; a child it
//! forks does half of what its parent has left. What an env chooses depends on the seed and its place in
//! the tree alone. Every env checks what it can: that its pages hold what it wrote, that messages
//! arrive whole, that the kernel refuses only for reasons that may be. The program ends when all
//! its envs have, with `STRESS seed=S ok ops=N` or, from whoever noticed, `STRESS seed=S FAILED: why`.

#![no_std]
#![no_main]

use core::sync::atomic::Ordering;

use ulib::{Args, SELF, cprintf, fork, mark, sys_yield};
use user::roll::Roll;
use user::stress::{FAILED, Member, OPS};

ulib::entry!(main);

fn main(args: Args) {
    let [seed, units, families] = [(1, 1), (2, 200), (3, 4)].map(|(i, n)| args.number(i, n));
    cprintf!("STRESS seed={seed} begin\n");
    let roll = Roll::shared();
    for family in 0..families {
        roll.count_in();
        match fork() {
            Ok(SELF) => Member::new(roll, seed, family).live(units),
            Ok(_) => {}
            Err(error) => {
                roll.count_out();
                cprintf!("STRESS seed={seed} FAILED: family {family}: {error}\n");
                roll.counter(FAILED).store(1, Ordering::Relaxed);
            }
        }
    }
    while roll.members() > 0 {
        sys_yield();
    }
    mark::window_end();
    if roll.counter(FAILED).load(Ordering::Relaxed) == 0 {
        let ops = roll.counter(OPS).load(Ordering::Relaxed);
        cprintf!("STRESS seed={seed} ok ops={ops}\n");
    }
}
