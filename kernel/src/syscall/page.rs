//! Calls about pages: `page_alloc`, `page_map`, `page_unmap`.
//!
//! The order of the checks is that of most finished JOS kernels: the env first, then addresses, then permissions, then
//! memory. The env is checked under the lock under which it is changed.

use abi::page::PteFlags;
use abi::{EnvId, Error};

use crate::env::{Current, table};
use crate::mm::frame::PageRef;
use crate::point::Point;
use crate::syscall::args::{self, UserPage};
use crate::syscall::{Reply, Result};
use crate::window;

/// Maps a fresh page of zeros. Locks: frame cache (and page allocator), released; then vm.
pub(super) fn alloc(current: &Current<'_>, target: EnvId, va: u32, perm: u32) -> Result<Reply> {
    let arguments = UserPage::new(va).and_then(|page| Ok((page, args::permissions(perm)?)));
    // Taken and zeroed before the lock. A call that will fail does not zero a page first.
    let fresh = arguments.ok().and_then(|_| PageRef::alloc_zeroed());
    let mut space = table::lock_space(target, current.id())?;
    let (page, flags) = arguments?;
    space.map(page.va(), fresh.ok_or(Error::NoMem)?, flags)?;
    Ok(Reply::Same(0))
}

/// Maps a page of one env into another, or the same one. Locks: vm of both, in slot order.
pub(super) fn map(
    current: &Current<'_>,
    source: EnvId,
    source_va: u32,
    target: EnvId,
    target_va: u32,
    perm: u32,
) -> Result<Reply> {
    let mut spaces = table::lock_spaces(source, target, current.id())?;
    let (from, to) = (UserPage::new(source_va)?, UserPage::new(target_va)?);
    let entry = spaces.first().lookup(from.va()).ok_or(Error::Inval)?;
    let flags = args::permissions(perm)?;
    if flags.contains(PteFlags::W) && !entry.flags.contains(PteFlags::W) {
        return Err(Error::Inval.into());
    }
    window::at(Point::LookedUp);
    let page = PageRef::share(entry.frame);
    spaces.second().map(to.va(), page, flags)?;
    Ok(Reply::Same(0))
}

/// Unmaps a page; that none is there is no error. Locks: vm.
pub(super) fn unmap(current: &Current<'_>, target: EnvId, va: u32) -> Result<Reply> {
    let mut space = table::lock_space(target, current.id())?;
    space.unmap(UserPage::new(va)?.va());
    Ok(Reply::Same(0))
}
