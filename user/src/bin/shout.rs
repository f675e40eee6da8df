//! Envs that print lines as fast as they can: `shout:ENVS:LINES`, or `shout:ENVS:LINES:open` where marked rules are to hold.
//!
//! Each line is one call, so each comes out whole, and all of them come. The test counts them.

#![no_std]
#![no_main]

use ulib::{Args, EnvId, cprintf, wait};
use user::hostile::child;
use user::race::open_windows;

ulib::entry!(main);

const TEXT: &str = "the quick brown fox jumps over the lazy dog, and the dog does not wake up";

fn main(args: Args) {
    let (envs, lines) = (args.number(1, 16), args.number(2, 40));
    if args.get(3).is_some() {
        open_windows();
    }
    let mut children = [EnvId(0); 64];
    for (env, id) in (0..envs).zip(&mut children) {
        *id = child(|| (0..lines).for_each(|line| cprintf!("shout {env} {line} {TEXT}\n")));
    }
    children.into_iter().take(envs as usize).for_each(wait);
    cprintf!("shout: ok, {envs} times {lines} lines\n");
}
