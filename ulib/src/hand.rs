//! Pages that a program maps by hand.
//!
//! A [`Page`] is an address where no Rust value can live, so mapping, unmapping, reading and writing
//! there is safe however wild: at worst the access faults, which is between the kernel and the
//! program. Such a page is the usual way for environments to share memory.

use core::ptr;
use core::sync::atomic::AtomicU32;

use abi::layout::{PFTEMP, PGSIZE, USTACKTOP, UTEXT};
use abi::{EnvId, Error, PteFlags};

use crate::sys::{SELF, sys_page_alloc, sys_page_map, sys_page_unmap};

/// Present, for programs, read-only.
pub const READ: PteFlags = PteFlags::P.union(PteFlags::U);
/// Present, for programs, writable.
pub const WRITE: PteFlags = READ.union(PteFlags::W);

/// Words in a page.
pub const WORDS: usize = PGSIZE as usize / 4;

/// A page's place in the address space, mapped or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page(u32);

impl Page {
    /// The page at `va`.
    ///
    /// # Panics
    ///
    /// Unless `va` is a page's start, not where the linker put the program, not 0, not within 64 KiB of the
    /// stack, and not the scratch page of `fork`.
    pub fn at(va: u32) -> Page {
        let program = UTEXT..program_end();
        let mine = (PGSIZE..USTACKTOP - 16 * PGSIZE).contains(&va);
        assert!(
            mine && va.is_multiple_of(PGSIZE) && va != PFTEMP && !program.contains(&va),
            "no page for hand mapping at {va:08x}"
        );
        Page(va)
    }

    /// The page `n` pages further. Panics as [`Page::at`] does.
    pub fn plus(self, n: u32) -> Page {
        Page::at(self.0 + n * PGSIZE)
    }

    /// Its address.
    pub fn va(self) -> u32 {
        self.0
    }

    /// Maps a fresh zeroed page here. Fails as [`sys_page_alloc`].
    pub fn alloc(self, perm: PteFlags) -> Result<(), Error> {
        sys_page_alloc(SELF, self.0, perm)
    }

    /// Maps what is here at `there` in `env` as well. Fails as [`sys_page_map`].
    pub fn map(self, env: EnvId, there: Page, perm: PteFlags) -> Result<(), Error> {
        sys_page_map(SELF, self.0, env, there.0, perm)
    }

    /// Removes the mapping. Fails as [`sys_page_unmap`].
    pub fn unmap(self) -> Result<(), Error> {
        sys_page_unmap(SELF, self.0)
    }

    /// Reads word `i` (0..1024).
    pub fn read(self, i: usize) -> u32 {
        // SAFETY: `cell` gives an aligned address where no Rust value lives; volatile, since other
        // envs may write there, and since the access may be meant to fault.
        unsafe { self.cell(i).read_volatile() }
    }

    /// Writes word `i` (0..1024).
    pub fn write(self, i: usize, value: u32) {
        // SAFETY: as in `read`; and no Rust value is there to be changed.
        unsafe { self.cell(i).write_volatile(value) }
    }

    /// Word `i` (0..1024) as an atomic, for pages shared between environments.
    ///
    /// Using it while nothing is mapped here faults.
    pub fn atomic(self, i: usize) -> &'static AtomicU32 {
        // SAFETY: aligned, and only ever accessed atomically or volatile. Should the mapping go, an
        // access faults; a page that comes in its place again has valid words, as any bits are.
        unsafe { AtomicU32::from_ptr(self.cell(i)) }
    }

    /// Writes bytes from the page's start on.
    ///
    /// # Panics
    ///
    /// If they do not fit.
    pub fn write_bytes(self, bytes: &[u8]) {
        assert!(bytes.len() <= PGSIZE as usize);
        let start = self.cell(0).cast::<u8>();
        for (i, &byte) in bytes.iter().enumerate() {
            // SAFETY: inside of the page; otherwise as in `write`.
            unsafe { start.wrapping_add(i).write_volatile(byte) };
        }
    }

    /// Reads bytes from the page's start on.
    ///
    /// # Panics
    ///
    /// If a page has not that many.
    pub fn read_bytes(self, bytes: &mut [u8]) {
        assert!(bytes.len() <= PGSIZE as usize);
        let start = self.cell(0).cast::<u8>();
        for (i, byte) in bytes.iter_mut().enumerate() {
            // SAFETY: inside of the page; otherwise as in `read`.
            *byte = unsafe { start.wrapping_add(i).read_volatile() };
        }
    }

    fn cell(self, i: usize) -> *mut u32 {
        assert!(i < WORDS);
        ptr::with_exposed_provenance_mut::<u32>(self.0 as usize).wrapping_add(i)
    }
}

/// The first page that the linker left free.
fn program_end() -> u32 {
    unsafe extern "C" {
        /// Made by the linker script; only its address means something.
        static end: u8;
    }
    crate::address(&raw const end).next_multiple_of(PGSIZE)
}
