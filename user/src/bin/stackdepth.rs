//! How deep the library goes on its stacks of one page each.
//!
//! Fills the unused part of a stack with a pattern, does something, and sees how much of the pattern is gone.

#![no_std]
#![no_main]

use core::fmt::Debug;
use core::ptr;

use ulib::layout::{PGSIZE, USTACKTOP, UXSTACKTOP};
use ulib::{
    Args, Error, SELF, UTrapframe, WRITE, address, cprintf, exit, fork, set_pgfault_handler, sfork, sys_getenvid,
    sys_page_alloc, wait,
};

ulib::entry!(main);

const PATTERN: u32 = 0x5a5a_5a5a;

fn main(_: Args) {
    // So that the page is here, and what follows is not counted.
    let here = 0_u32;
    let begin = USTACKTOP - address(&raw const here);
    cprintf!("stack: {begin} bytes before anything is done\n");

    measure("a line", || cprintf!("hello {}\n", sys_getenvid()));
    measure("a line as long as a panic's", || panic_line(&Err::<u32, _>(Error::NoFreeEnv)));
    measure("fork", || child_of(fork));
    measure("sfork", || child_of(sfork));

    // Its own handler's stack: in the first handler a line and a second fault, in that a line.
    set_pgfault_handler(allocate).unwrap();
    paint(UXSTACKTOP - PGSIZE, UXSTACKTOP);
    write(0x2000_0000);
    let one = used(UXSTACKTOP);
    paint(UXSTACKTOP - PGSIZE, UXSTACKTOP);
    write(0x3000_0000);
    let two = used(UXSTACKTOP);
    cprintf!("exception stack: {one} of {PGSIZE} bytes for a handler, {two} for one in another\n");
}

fn measure(what: &str, act: impl FnOnce()) {
    let here = 0_u32;
    // Some words are left to the painting itself.
    paint(USTACKTOP - PGSIZE, address(&raw const here) - 256);
    act();
    let used = used(USTACKTOP);
    cprintf!("stack: {used} of {PGSIZE} bytes for {what}\n");
}

/// What the panic handler prints.
fn panic_line(message: &dyn Debug) {
    let message = format_args!("{message:?} instead of {message:?}");
    let (id, file, line) = (sys_getenvid(), file!(), line!());
    cprintf!("[{id}] would panic in {} at {file}:{line}: {message}\n", "<unknown>");
}

fn child_of(fork: fn() -> Result<ulib::EnvId, Error>) {
    match fork().unwrap() {
        SELF => exit(),
        child => wait(child),
    }
}

fn allocate(frame: &mut UTrapframe) {
    let va = frame.fault_va & !(PGSIZE - 1);
    sys_page_alloc(SELF, va, WRITE).unwrap();
    if frame.fault_va == 0x3000_0000 {
        write(0x4000_0000);
    }
    cprintf!("fault at {:08x}, err {:x}\n", frame.fault_va, frame.err);
}

/// Writes a word where no Rust value lives.
fn write(va: usize) {
    // SAFETY: far from all that the linker placed and from the stacks; the handler brings a page.
    unsafe { ptr::with_exposed_provenance_mut::<u32>(va).write_volatile(1) };
}

/// Fills a page's words from `start` to `end`.
fn paint(start: u32, end: u32) {
    for va in (start..end).step_by(4) {
        // SAFETY: in the mapped stack page, below this function's frame by the caller's margin, or in the
        // exception stack while nothing is on it.
        unsafe { ptr::with_exposed_provenance_mut::<u32>(va as usize).write_volatile(PATTERN) };
    }
}

/// How far below `top` the page has lost its pattern.
fn used(top: u32) -> u32 {
    let mut page = (top - PGSIZE..top).step_by(4);
    let touched = page.find(|va| {
        // SAFETY: reads a word of a mapped stack page; any word is a valid `u32`.
        unsafe { ptr::with_exposed_provenance::<u32>(*va as usize).read_volatile() != PATTERN }
    });
    top - touched.unwrap_or(top)
}
