//! What the kernel shows every program: its page tables, the env records, the frame records.
//!
//! All three are read-only windows whose contents change under the reader, so entries are read one
//! word at a time, volatile or atomic, and two words may be of different moments.
//!
//! JOS: `uvpt`, `uvpd`, `envs` and `pages` of `lib/entry.S`; `thisenv` of `lib/libmain.c`.

use core::ptr;
use core::sync::atomic::Ordering;

use abi::layout::{PGSIZE, UENVS, UPAGES, UTOP, UVPD, UVPT};
use abi::page::{CHUNK, PageInfo, pdx, pgnum};
use abi::{EnvId, EnvRecord, EnvStatus, NENV, PteFlags};

use crate::sys::{sys_getenvid, sys_yield};

/// Page-directory entry `index` of this address space.
///
/// # Panics
///
/// Unless `index` is below 1024.
pub fn uvpd(index: usize) -> u32 {
    assert!(index < 1024);
    let entry = ptr::with_exposed_provenance::<u32>(UVPD as usize).wrapping_add(index);
    // SAFETY: the kernel maps the directory's 1024 words at UVPD in every address space, read-only.
    unsafe { entry.read_volatile() }
}

/// The page-table entry of page number `page`, or 0 if there is no table for it.
///
/// # Panics
///
/// Unless `page` is below 2^20.
pub fn uvpt(page: usize) -> u32 {
    if uvpd(page / 1024) & PteFlags::P.bits() == 0 {
        return 0;
    }
    let entry = ptr::with_exposed_provenance::<u32>(UVPT as usize).wrapping_add(page);
    // SAFETY: `page` is below 2^20, or `uvpd` would have panicked, so this is inside of the window;
    // and its table is there. The kernel keeps a table for as long as the env lives.
    unsafe { entry.read_volatile() }
}

/// The flags of the page at `va`, empty if nothing is mapped there.
pub fn flags_at(va: u32) -> PteFlags {
    let entry = PteFlags::from_bits_truncate(uvpt(pgnum(va)));
    if entry.contains(PteFlags::P) { entry } else { PteFlags::empty() }
}

/// Calls `visit` with the address and the flags of every page mapped below UTOP, in order, until it fails.
///
/// Looks only where the records of the frames that are page tables say that something may be.
pub(crate) fn for_each_page<E>(mut visit: impl FnMut(u32, PteFlags) -> Result<(), E>) -> Result<(), E> {
    let directory = uvpd(pdx(UVPT));
    for_each_entry(directory, UVPD, &mut |table, entry| {
        if table >= pdx(UTOP) {
            return Ok(());
        }
        let entries = UVPT + table as u32 * PGSIZE;
        for_each_entry(entry, entries, &mut |page, entry| {
            visit((table * 1024 + page) as u32 * PGSIZE, PteFlags::from_bits_truncate(entry))
        })
    })
}

/// Calls `visit` with index and value of every present entry of the table that the entry `above` names and that is visible at
/// `entries`.
fn for_each_entry<E>(above: u32, entries: u32, visit: &mut impl FnMut(usize, u32) -> Result<(), E>) -> Result<(), E> {
    let record = ptr::with_exposed_provenance::<PageInfo>(UPAGES as usize).wrapping_add(pgnum(above));
    // SAFETY: `above` is present, so its frame exists and has a record, which never goes away.
    let mut chunks = unsafe { &*record }.link.load(Ordering::Relaxed);
    while chunks != 0 {
        let first = chunks.trailing_zeros() as usize * CHUNK;
        chunks &= chunks - 1;
        let word = |index: usize| {
            let entry = ptr::with_exposed_provenance::<u32>(entries as usize).wrapping_add(index);
            // SAFETY: a table has 32 chunks, so this is inside of it, and the kernel keeps it for as long as the env lives.
            unsafe { entry.read_volatile() }
        };
        // Four at a time: in most tables most are empty.
        for four in (first..first + CHUNK).step_by(4) {
            if (word(four) | word(four + 1) | word(four + 2) | word(four + 3)) & PteFlags::P.bits() == 0 {
                continue;
            }
            for index in four..four + 4 {
                let entry = word(index);
                if entry & PteFlags::P.bits() != 0 {
                    visit(index, entry)?;
                }
            }
        }
    }
    Ok(())
}

/// The records of all environments.
pub fn envs() -> &'static [EnvRecord; NENV] {
    let records = ptr::with_exposed_provenance::<[EnvRecord; NENV]>(UENVS as usize);
    // SAFETY: the kernel maps the records at UENVS in every address space and never takes them away;
    // they are atomics, so they may change while a shared reference to them exists.
    unsafe { &*records }
}

/// The record of frame number `frame`, or `None` if the machine has no such frame.
pub fn page_info(frame: usize) -> Option<&'static PageInfo> {
    let offset = frame.checked_mul(size_of::<PageInfo>())?;
    if offset >= (UENVS..UPAGES).len() || flags_at(UPAGES + offset as u32).is_empty() {
        return None;
    }
    let record = ptr::with_exposed_provenance::<PageInfo>(UPAGES as usize + offset);
    // SAFETY: the page that holds the record is mapped, the records never cross a page (8 divides
    // 4096), and the kernel never takes it away; atomics again.
    Some(unsafe { &*record })
}

/// The record of the env that `id` names now or named last.
pub fn record(id: EnvId) -> &'static EnvRecord {
    &envs()[id.slot()]
}

/// The caller's own record.
///
/// JOS keeps this in a global. Environments made by [`crate::sfork`] share their globals, so here it is
/// looked up each time; a program that wants it often keeps it in a variable on its stack.
pub fn thisenv() -> &'static EnvRecord {
    record(sys_getenvid())
}

/// Whether `id` still names an environment.
pub fn alive(id: EnvId) -> bool {
    let record = record(id);
    record.id.load(Ordering::Relaxed) == id.0 && record.status.load(Ordering::Relaxed) != EnvStatus::Free as u32
}

/// Yields until `id` no longer names an environment. JOS: `wait` of lab 5.
pub fn wait(id: EnvId) {
    while alive(id) {
        sys_yield();
    }
}

const _: () = assert!((PGSIZE as usize).is_multiple_of(size_of::<PageInfo>()));
