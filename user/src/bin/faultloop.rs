//! A page-fault handler that faults in itself, off the exception stack: the kernel begins at the top of that stack each time,
//! as in JOS, so such an env goes on for ever. It is no burden on others and can be destroyed; with the fuzzer's upcall it
//! ends by itself.

#![no_std]
#![no_main]
#![allow(unsafe_code, reason = "leaves the exception stack")]

use core::arch::asm;
use core::sync::atomic::Ordering;

use ulib::layout::{PGSIZE, USTACKTOP};
use ulib::{
    Args, EnvId, Page, SELF, UTrapframe, cprintf, set_pgfault_handler, sys_env_destroy, sys_env_set_pgfault_upcall,
    sys_yield, wait,
};
use user::fuzz::upcall;
use user::hostile::{Board, child, expect};

ulib::entry!(main);

/// The word that counts faults, and how many are taken for endless.
const FAULTS: usize = 1;
const ENDLESS: u32 = 1000;
/// Nothing is there.
const NOWHERE: u32 = 0x2000_0000;

fn main(_: Args) {
    let board = Board::shared();
    let lost = astray(|| ());
    while board.get(FAULTS) < ENDLESS {
        sys_yield();
    }
    expect("destroying it", sys_env_destroy(lost), Ok(()));
    wait(lost);
    let before = board.get(FAULTS);
    wait(astray(|| sys_env_set_pgfault_upcall(SELF, upcall::address()).unwrap()));
    expect("faults with the upcall that looks where the stack was", board.get(FAULTS), before + 1);
    cprintf!("faultloop: ok\n");
}

/// A child with that handler, after it has done `before`.
fn astray(before: impl FnOnce()) -> EnvId {
    child(|| {
        set_pgfault_handler(handler).unwrap();
        before();
        Page::at(NOWHERE).read(0);
        unreachable!("the handler does not return");
    })
}

fn handler(_: &mut UTrapframe) {
    Board::known().word(FAULTS).fetch_add(1, Ordering::SeqCst);
    // SAFETY: the push faults, since nothing is below the exception stack; nobody returns from it.
    unsafe { asm!("mov esp, {}", "push 0", "ud2", in(reg) USTACKTOP + PGSIZE / 2, options(noreturn)) };
}
