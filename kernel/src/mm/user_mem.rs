//! Reading and writing a program's memory.
//!
//! The kernel never uses a user address. It walks the page tables under the vm lock and copies through its own
//! window on physical memory, so a page that another CPU unmaps half-way is a user error and not a kernel fault.

use abi::layout::{PGSIZE, ULIM};
use abi::page::PteFlags;

use crate::mm::page_table::Entry;
use crate::mm::phys;
use crate::mm::space::Space;
use crate::point::Point;
use crate::window;

/// A bad user address: JOS's `user_mem_check_addr`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadAddress(pub u32);

/// Checks that a program may access every page that `[va, va + len)` touches: below ULIM, present, and with all of
/// `flags`. JOS's `user_mem_check`: the windows above UTOP are legal to read.
///
/// # Errors
/// The first bad address: `va` itself if its own page is bad, else the start of the first bad page.
pub fn check(space: &Space, va: u32, len: u32, flags: PteFlags) -> Result<(), BadAddress> {
    if len == 0 {
        // An empty range touches no page, wherever it is.
        return Ok(());
    }
    // In 64 bits, so that no length wraps round.
    let end = u64::from(va) + u64::from(len);
    let first = va & !(PGSIZE - 1);
    for page in (u64::from(first)..end).step_by(PGSIZE as usize) {
        let Some(page) = u32::try_from(page).ok().filter(|&page| page < ULIM) else {
            return Err(BadAddress(va.max(ULIM)));
        };
        if accessible(space, page, flags).is_none() {
            return Err(BadAddress(page.max(va)));
        }
    }
    Ok(())
}

/// Copies from a program's memory.
///
/// # Errors
/// The first address that can't be read, or is not below ULIM; what comes before is in `into` then.
pub fn read(space: &Space, va: u32, into: &mut [u8]) -> Result<(), BadAddress> {
    let mut done = 0;
    for (at, len) in pieces(va, into.len()) {
        let entry = accessible(space, at, PteFlags::empty()).ok_or(BadAddress(at))?;
        window::at(Point::Copying);
        phys::read(entry.frame, at as usize % PGSIZE as usize, &mut into[done..done + len]);
        done += len;
    }
    Ok(())
}

/// Copies to a program's memory.
///
/// # Errors
/// The first address that can't be written to; what comes before is written then.
pub fn write(space: &Space, va: u32, from: &[u8]) -> Result<(), BadAddress> {
    let mut done = 0;
    for (at, len) in pieces(va, from.len()) {
        let entry = accessible(space, at, PteFlags::W).ok_or(BadAddress(at))?;
        window::at(Point::Copying);
        phys::write(entry.frame, at as usize % PGSIZE as usize, &from[done..done + len]);
        done += len;
    }
    Ok(())
}

/// What is mapped at `va`, if a program may access it, with all of `flags`.
fn accessible(space: &Space, va: u32, flags: PteFlags) -> Option<Entry> {
    let entry = if va < ULIM { space.lookup(va)? } else { return None };
    entry.flags.contains(flags | PteFlags::P | PteFlags::U).then_some(entry)
}

/// The parts of `[va, va + len)` that lie in one page each.
fn pieces(va: u32, len: usize) -> impl Iterator<Item = (u32, usize)> {
    let mut at = va;
    let mut left = len;
    core::iter::from_fn(move || {
        let here = (PGSIZE - at % PGSIZE) as usize;
        let (start, piece) = (at, here.min(left));
        at = at.wrapping_add(piece as u32);
        left -= piece;
        (piece > 0).then_some((start, piece))
    })
}
