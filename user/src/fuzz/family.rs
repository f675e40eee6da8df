//! Children that share the program and nothing else.
//!
//! Not by `fork`: a child has a copy of the stack from the start, so no page of it is ever copied on write, and what its
//! parent does to its memory or to its page-fault upcall has no other consequences than those it is meant to have. The
//! program itself it can't write to, so nothing that it does can damage others.

use ulib::layout::{PGSIZE, USTACKTOP, UTEXT, UXSTACKTOP};
use ulib::{
    EnvId, EnvStatus, Error, PteFlags, READ, SELF, WRITE, flags_at, sys_env_destroy, sys_env_set_pgfault_upcall,
    sys_env_set_status, sys_exofork, sys_page_alloc, sys_page_map, sys_page_unmap,
};

use super::{memory, upcall};

/// Where the copy of the stack is made.
const SCRATCH: u32 = 0x0200_0000;
const STACK: u32 = USTACKTOP - PGSIZE;
const XSTACK: u32 = UXSTACKTOP - PGSIZE;

/// A child at the same place in the program: its id, or [`SELF`] in the child. It sees the page at `shared` and the
/// `pages - 1` that follow as its parent does.
///
/// # Errors
/// As `fork`; then there is no child.
#[inline(never)]
pub fn spawn(shared: u32, pages: u32) -> Result<EnvId, Error> {
    // As in `fork`, the child returns from here with a copy of the stack taken later.
    match sys_exofork()? {
        SELF => Ok(SELF),
        child => start(child, shared, pages),
    }
}

#[inline(never)]
fn start(child: EnvId, shared: u32, pages: u32) -> Result<EnvId, Error> {
    if let Err(error) = furnish(child, shared, pages) {
        // A parent may find that its own parent has taken the child's memory, but never the child.
        let _ = sys_env_destroy(child);
        return Err(error);
    }
    Ok(child)
}

fn furnish(child: EnvId, shared: u32, pages: u32) -> Result<(), Error> {
    let mut va = UTEXT;
    while flags_at(va).contains(READ) {
        sys_page_map(SELF, va, child, va, READ)?;
        va += PGSIZE;
    }
    for page in 0..pages {
        let va = shared + page * PGSIZE;
        sys_page_map(SELF, va, child, va, WRITE | PteFlags::SHARE)?;
    }
    sys_page_alloc(SELF, SCRATCH, WRITE)?;
    for offset in (0..PGSIZE).step_by(4) {
        memory::write(SCRATCH + offset, memory::read(STACK + offset));
    }
    sys_page_map(SELF, SCRATCH, child, STACK, WRITE)?;
    sys_page_unmap(SELF, SCRATCH)?;
    sys_page_alloc(child, XSTACK, WRITE)?;
    sys_env_set_pgfault_upcall(child, upcall::address())?;
    sys_env_set_status(child, EnvStatus::Runnable)
}
