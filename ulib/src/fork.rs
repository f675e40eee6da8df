//! `fork` and `sfork`, in user space.
//!
//! `fork` gives the child every page of the parent. A writable one becomes copy-on-write in both, and stays so until the
//! first write. The stack is written by both at once, so the child gets a copy of it there and then, which is one copy
//! and two page faults less. The child runs only after all is mapped, perhaps at once and on another CPU.
//!
//! `sfork` shares all pages writable, but for the stack, which it treats as `fork` does, and the exception
//! stack, which is new in either case. Globals are thus shared; that is why [`crate::thisenv`] is a function.
//!
//! Pages marked `PTE_SHARE` are shared as they are by both.
//!
//! The child leaves [`sys_exofork`] with a copy of the stack taken *later*, page by page. So the
//! function that tells the two apart does nothing in the child but return, and is never inlined: all it
//! needs from its stack frame was stored before and is not changed until the parent returns too.
//!
//! JOS: `lib/fork.c`.

use core::arch::asm;

use abi::layout::{PFTEMP, PGSIZE, USTACKTOP, UXSTACKTOP};
use abi::page::pgnum;
use abi::trap::FEC_WR;
use abi::{EnvId, EnvStatus, Error, PteFlags, UTrapframe};

use crate::hand::WRITE;
use crate::page_fault::{pgfault_upcall, set_pgfault_handler};
use crate::sys::{
    SELF, sys_env_destroy, sys_env_set_pgfault_upcall, sys_env_set_status, sys_exofork, sys_page_alloc, sys_page_map,
    sys_page_unmap,
};
use crate::vpt::{flags_at, for_each_page};

/// A child with a copy of the caller's memory: its id, or [`SELF`] in the child.
///
/// Becomes the page-fault handler. Fails with `E_NO_FREE_ENV` or `E_NO_MEM`, leaving no child behind. Not to
/// be called from a page-fault handler.
#[inline(never)]
pub fn fork() -> Result<EnvId, Error> {
    set_pgfault_handler(copy_on_write)?;
    match sys_exofork()? {
        SELF => Ok(SELF),
        child => start(child, duplicate),
    }
}

/// A child that shares the caller's memory, but for the stack: its id, or [`SELF`] in the child.
///
/// Becomes the page-fault handler. Fails as [`fork`] does. What either of the two maps later is its own.
#[inline(never)]
pub fn sfork() -> Result<EnvId, Error> {
    set_pgfault_handler(copy_on_write)?;
    match sys_exofork()? {
        SELF => Ok(SELF),
        child => start(child, share_or_duplicate),
    }
}

/// Gives `child` its memory by way of `give` and lets it run.
#[inline(never)]
fn start(child: EnvId, give: fn(EnvId, u32, PteFlags) -> Result<(), Error>) -> Result<EnvId, Error> {
    let given = for_each_page(|va, flags| if va == UXSTACKTOP - PGSIZE { Ok(()) } else { give(child, va, flags) });
    let done = given.and_then(|()| {
        sys_page_alloc(child, UXSTACKTOP - PGSIZE, WRITE)?;
        sys_env_set_pgfault_upcall(child, pgfault_upcall())?;
        sys_env_set_status(child, EnvStatus::Runnable)
    });
    if let Err(error) = done {
        // It has not run, so it is the caller's child still.
        sys_env_destroy(child)?;
        return Err(error);
    }
    Ok(child)
}

/// `duppage`: the page at `va` for the child, copy-on-write if it can be written to.
fn duplicate(child: EnvId, va: u32, flags: PteFlags) -> Result<(), Error> {
    let kept = flags & PteFlags::SYSCALL;
    if flags.contains(PteFlags::SHARE) || !flags.intersects(PteFlags::W | PteFlags::COW) {
        return sys_page_map(SELF, va, child, va, kept);
    }
    if in_stack(va) {
        return copy_page(va, flags, child);
    }
    let lazy = (kept - PteFlags::W) | PteFlags::COW;
    sys_page_map(SELF, va, child, va, lazy)?;
    // One that was copy-on-write is so still: nothing but the stack is written to in between.
    if flags.contains(PteFlags::W) { sys_page_map(SELF, va, SELF, va, lazy) } else { Ok(()) }
}

/// The page at `va` for the child: the same page, unless it is of the stack.
fn share_or_duplicate(child: EnvId, va: u32, flags: PteFlags) -> Result<(), Error> {
    if in_stack(va) {
        return duplicate(child, va, flags);
    }
    if flags.contains(PteFlags::COW) {
        // Left from a fork. Shared memory must be one page before it is shared.
        copy_page(va, flags, SELF)?;
    }
    sys_page_map(SELF, va, child, va, flags_at(va) & PteFlags::SYSCALL)
}

/// Whether `va` is in the run of mapped pages that ends at the stack's top.
fn in_stack(va: u32) -> bool {
    va < USTACKTOP && (pgnum(va)..pgnum(USTACKTOP)).all(|page| !flags_at(page as u32 * PGSIZE).is_empty())
}

/// The page-fault handler.
///
/// Writes to nothing but its own stack and fresh pages, so it cannot fault on what it is to repair.
fn copy_on_write(frame: &mut UTrapframe) {
    let va = frame.fault_va & !(PGSIZE - 1);
    let flags = flags_at(va);
    if frame.err & FEC_WR == 0 || !flags.intersects(PteFlags::COW | PteFlags::W) {
        let UTrapframe { fault_va, err, eip, .. } = *frame;
        panic!("page fault at va {fault_va:08x} ip {eip:08x}, err {err:x}");
    }
    // Writable by now: somebody else has mapped a page here since. Try again.
    if flags.contains(PteFlags::W) {
        return;
    }
    if let Err(error) = copy_page(va, flags, SELF) {
        panic!("copy on write at va {va:08x}: {error}");
    }
}

/// Puts a writable copy of the page at `va`, whose flags are given, there in `env`.
fn copy_page(va: u32, flags: PteFlags, env: EnvId) -> Result<(), Error> {
    let kept = flags & (PteFlags::AVAIL - PteFlags::COW);
    sys_page_alloc(SELF, PFTEMP, WRITE)?;
    // SAFETY: both are whole pages, mapped, and PFTEMP is this function's alone. Nothing in Rust
    // refers to what is copied to; what is copied from may be written to by others meanwhile, which
    // a string instruction does not mind. It restores the direction flag to nothing else than clear.
    unsafe {
        asm!(
            "xchg esi, eax",
            "rep movsd",
            "xchg esi, eax",
            inlateout("eax") va => _,
            inlateout("edi") PFTEMP => _,
            inlateout("ecx") PGSIZE / 4 => _,
            options(nostack, preserves_flags),
        );
    }
    sys_page_map(SELF, PFTEMP, env, va, WRITE | kept)?;
    sys_page_unmap(SELF, PFTEMP)
}
