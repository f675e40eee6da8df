//! hello, world

#![no_std]
#![no_main]

use core::sync::atomic::Ordering;

use ulib::{Args, EnvId, cprintf, thisenv};

ulib::entry!(main);

fn main(_: Args) {
    cprintf!("hello, world\n");
    let id = EnvId(thisenv().id.load(Ordering::Relaxed));
    cprintf!("i am environment {id}\n");
}
