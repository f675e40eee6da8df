//! Ping-pongs a counter between two processes, made by a `fork` that copies every page at once.
//!
//! Only needs to start with `exofork` and a few mapping calls, and shows them.

#![no_std]
#![no_main]

use core::ptr;

use ulib::layout::{PGSIZE, UTEMP, UTEXT};
use ulib::{
    Args, EnvId, EnvStatus, SELF, WRITE, address, cprintf, sys_env_set_status, sys_exofork, sys_page_alloc,
    sys_page_map, sys_page_unmap, sys_yield,
};

ulib::entry!(main);

fn main(_: Args) {
    let who = dumbfork();
    let (rounds, name) = if who == SELF { (20, "child") } else { (10, "parent") };
    for i in 0..rounds {
        cprintf!("{i}: I am the {name}!\n");
        sys_yield();
    }
}

/// The child does nothing here but return, so its copy of this stack frame may be taken later.
#[inline(never)]
fn dumbfork() -> EnvId {
    match sys_exofork() {
        Ok(SELF) => SELF,
        Ok(child) => copy_all(child),
        Err(error) => panic!("sys_exofork: {error}"),
    }
}

#[inline(never)]
fn copy_all(child: EnvId) -> EnvId {
    unsafe extern "C" {
        /// Made by the linker script; only its address means something.
        static end: u8;
    }
    for va in (UTEXT..address(&raw const end)).step_by(PGSIZE as usize) {
        copy_page(child, va);
    }
    // And the stack this runs on.
    let local = 0_u8;
    copy_page(child, address(&raw const local) & !(PGSIZE - 1));

    match sys_env_set_status(child, EnvStatus::Runnable) {
        Ok(()) => child,
        Err(error) => panic!("sys_env_set_status: {error}"),
    }
}

/// JOS's `duppage`: through a mapping of the child's page at `UTEMP`.
fn copy_page(child: EnvId, va: u32) {
    sys_page_alloc(child, va, WRITE).unwrap_or_else(|e| panic!("sys_page_alloc: {e}"));
    sys_page_map(child, va, SELF, UTEMP, WRITE).unwrap_or_else(|e| panic!("sys_page_map: {e}"));
    let from = ptr::with_exposed_provenance::<u8>(va as usize);
    let to = ptr::with_exposed_provenance_mut::<u8>(UTEMP as usize);
    // SAFETY: two different pages, both mapped; nothing in Rust refers to the one at UTEMP. The other may
    // be this function's own stack, of which any moment's copy will do.
    unsafe { ptr::copy_nonoverlapping(from, to, PGSIZE as usize) };
    sys_page_unmap(SELF, UTEMP).unwrap_or_else(|e| panic!("sys_page_unmap: {e}"));
}
