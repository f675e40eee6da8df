//! Tests an upcall inside of the kernel: no way to get there either.

#![no_std]
#![no_main]

use core::arch::asm;

use ulib::layout::{PGSIZE, UXSTACKTOP};
use ulib::{Args, SELF, WRITE, sys_env_set_pgfault_upcall, sys_page_alloc};

ulib::entry!(main);

fn main(_: Args) {
    sys_page_alloc(SELF, UXSTACKTOP - PGSIZE, WRITE).unwrap();
    sys_env_set_pgfault_upcall(SELF, 0xf010_0020).unwrap();
    // SAFETY: nothing is mapped there, so the write traps, and there is no way back.
    unsafe { asm!("mov dword ptr [{0}], 0", in(reg) 0) };
}
