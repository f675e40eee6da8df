//! Does every call that can run out of something, while the kernel is made to run out again and again.
//!
//! For `fail=frames:1000:3` or `fail=slots:4:2` on the kernel's command line; without such a word nothing is refused. What
//! was refused must have changed nothing, and must succeed when it is tried again. Ends with `inject: ok, N refused`.

#![no_std]
#![no_main]

use core::sync::atomic::{AtomicU32, Ordering};

use ulib::layout::PGSIZE;
use ulib::{
    Args, EnvId, EnvStatus, Error, Page, READ, SELF, UTrapframe, WRITE, alive, cprintf, envs, exit, fork, ipc_recv,
    ipc_try_send, set_pgfault_handler, sys_env_destroy, sys_env_set_status, sys_exofork, sys_page_alloc, sys_page_map,
    sys_page_unmap, sys_yield, wait,
};

ulib::entry!(main);

/// How many calls were refused.
static REFUSED: AtomicU32 = AtomicU32::new(0);

/// A call may take two frames, and be refused at each; more in a row would be too many.
const TRIES: u32 = 4;
/// Page tables apart.
const FAR: u32 = 0x40_0000;
const TAG: u32 = 0x1234_5678;

fn main(_: Args) {
    // While there is room, and so that everything it writes is its own by the time there is none.
    let receiver = match fork().unwrap() {
        SELF => receive(),
        child => child,
    };
    REFUSED.store(0, Ordering::Relaxed);
    wait_for_failures();
    (0..6).for_each(|round| pages(Page::at(0x2000_0000 + round * 3 * FAR)));
    (0..4).for_each(|_| children());
    again("the exception stack", || set_pgfault_handler(repair), || true);
    (0..4).for_each(|round| Page::at(0x6000_0000 + round * FAR).write(0, TAG));
    send(receiver);
    cprintf!("inject: ok, {} refused\n", REFUSED.load(Ordering::Relaxed));
}

/// Takes and gives back until something is refused, or nothing will be.
fn wait_for_failures() {
    let page = Page::at(0x1000_0000);
    for _ in 0..2000 {
        if page.alloc(WRITE) == Err(Error::NoMem) {
            return;
        }
        page.unmap().unwrap();
    }
    for _ in 0..8 {
        match embryo() {
            Ok(child) => sys_env_destroy(child).unwrap(),
            Err(_) => return,
        }
    }
}

/// Tries until the call succeeds; each time it is refused for want of something, nothing may have changed.
fn again<T>(what: &str, mut call: impl FnMut() -> Result<T, Error>, unchanged: impl Fn() -> bool) -> T {
    for _ in 0..TRIES {
        match call() {
            Ok(value) => return value,
            Err(Error::NoMem | Error::NoFreeEnv) => {
                REFUSED.fetch_add(1, Ordering::Relaxed);
                assert!(unchanged(), "{what}: refused, and something changed");
            }
            Err(error) => panic!("{what}: {error}"),
        }
    }
    panic!("{what}: refused {TRIES} times in a row");
}

fn pages(page: Page) {
    let other = Page::at(page.va() + FAR);
    let is_absent = |page: Page| page.map(SELF, page, READ) == Err(Error::Inval);
    again("a page with its table", || page.alloc(WRITE), || is_absent(page));
    page.write(0, TAG);
    again("a page in place of another", || page.alloc(WRITE), || page.read(0) == TAG);
    assert!(page.read(0) == 0, "a fresh page is zero");
    page.write(0, TAG);
    again("a mapping with its table", || page.map(SELF, other, READ), || is_absent(other) && page.read(0) == TAG);
    assert!(other.read(0) == TAG, "the mapping is of another page");
}

/// A child that never runs.
#[inline(never)]
fn embryo() -> Result<EnvId, Error> {
    sys_exofork()
}

fn children() {
    let page = Page::at(0x2000_0000);
    let free = || envs().iter().filter(|env| env.status.load(Ordering::Relaxed) == EnvStatus::Free as u32).count();
    let before = free();
    let child = again("a child", embryo, || free() == before);
    let va = page.va();
    let is_absent = |va| sys_page_map(child, va, SELF, 0x1000_0000, READ) == Err(Error::Inval);
    again("a page in a child", || sys_page_alloc(child, va, WRITE), || is_absent(va));
    let there = va + FAR;
    again("a mapping in a child", || sys_page_map(SELF, va, child, there, READ), || is_absent(there));
    sys_env_set_status(child, EnvStatus::NotRunnable).unwrap();
    sys_page_unmap(child, va + PGSIZE).unwrap();
    sys_env_destroy(child).unwrap();
    assert!(free() == before, "a child left something");
}

/// The page-fault handler: puts a page where none was.
fn repair(frame: &mut UTrapframe) {
    let va = frame.fault_va & !(PGSIZE - 1);
    again("a page for a fault", || sys_page_alloc(SELF, va, WRITE), || true);
}

fn send(receiver: EnvId) {
    let page = Page::at(0x2000_0000);
    let is_receiving = || envs()[receiver.slot()].ipc_recving.load(Ordering::Relaxed) == 1;
    for _ in 0..3 {
        let send = || match ipc_try_send(receiver, TAG, Some((page, READ))) {
            Err(Error::IpcNotRecv) => Ok(false),
            result => result.map(|()| true),
        };
        while !again("a message with a page", send, is_receiving) {
            sys_yield();
        }
    }
    wait(receiver);
    assert!(!alive(receiver));
}

/// The child's part of [`send`]: each page arrives where there is no page table yet.
fn receive() -> ! {
    for round in 0..3 {
        let place = Page::at(0x5000_0000 + round * FAR);
        let message = ipc_recv(Some(place)).unwrap();
        assert!(message.value == TAG && message.perm == READ && place.read(0) == TAG, "the message is another");
    }
    exit();
}
