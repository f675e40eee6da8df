//! An address space: a page directory and the rules for changing it.
//!
//! The order of a change is fixed here and nowhere else: write the entry, make every CPU forget the old one,
//! and only then let go of the old frame. So no CPU can use a frame that somebody else owns by then.
//!
//! Locks: a `Space` lives inside its env's vm lock; changing it takes the page allocator's. A space knows its
//! tenant, so that an id is checked under the same lock under which it is acted upon.

use abi::page::PteFlags;
use abi::{EnvId, Error};

use crate::env::table;
use crate::mm::frame::{self, Frame, PageRef};
use crate::mm::page_table::{self, Entry};
use crate::point::Point;
use crate::{audit, presence, window, x86};

/// An env's address space, or the empty place for one.
#[derive(Debug)]
pub struct Space {
    slot: usize,
    owner: EnvId,
    parent: EnvId,
    directory: Option<Frame>,
}

impl Space {
    /// The empty place in env slot `slot`.
    pub const fn empty(slot: usize) -> Space {
        Space { slot, owner: EnvId::NONE, parent: EnvId::NONE, directory: None }
    }

    /// An address space with the kernel's part in place and nothing below UTOP, or `None` when no frame is free.
    pub fn new(owner: EnvId, parent: EnvId) -> Option<Space> {
        let directory = page_table::new_directory()?;
        Some(Space { slot: owner.slot(), owner, parent, directory: Some(directory) })
    }

    /// Whether `caller` may change this space as that of `target`: it is the target's, and the caller is the
    /// target or its parent.
    pub fn answers_to(&self, target: EnvId, caller: EnvId) -> bool {
        self.directory.is_some() && self.owner == target && (target == caller || self.parent == caller)
    }

    /// The env that lives here; [`EnvId::NONE`] when none does.
    pub fn owner(&self) -> EnvId {
        self.owner
    }

    /// Owner, parent and directory, for audits.
    pub fn tenant(&self) -> (EnvId, EnvId, Option<Frame>) {
        (self.owner, self.parent, self.directory)
    }

    /// The frame to load into CR3.
    ///
    /// # Panics
    /// When the place is empty.
    pub fn directory(&self) -> Frame {
        self.directory.expect("an env has an address space until it is freed")
    }

    /// What is mapped at `va`, user or kernel, with its effective rights.
    pub fn lookup(&self, va: u32) -> Option<Entry> {
        page_table::lookup(self.directory?, va)
    }

    /// Maps `page` at `va`, in place of whatever was there.
    ///
    /// # Errors
    /// `E_NO_MEM` when a page table is needed and no frame is free; then nothing has changed.
    pub fn map(&mut self, va: u32, page: PageRef, flags: PteFlags) -> Result<(), Error> {
        frame::might_allocate();
        let slot = page_table::slot_or_create(self.directory(), va).ok_or(Error::NoMem)?;
        let old = Entry::put(slot, page.into_entry(), flags);
        self.forget(va, old);
        Ok(())
    }

    /// Unmaps `va`, if anything is there.
    pub fn unmap(&mut self, va: u32) {
        frame::might_allocate();
        if let Some(slot) = page_table::slot(self.directory(), va) {
            let old = Entry::take(slot);
            self.forget(va, old);
        }
    }

    /// Drops what an entry referred to, once no CPU can use the entry any more.
    fn forget(&self, va: u32, old: u32) {
        let Some(old) = Entry::decode(old) else { return };
        audit::changed(self.slot);
        window::at(Point::Changed);
        if presence::is_here(self.slot) {
            x86::instr::invlpg(va);
            audit::dropped(self.slot);
        } else {
            presence::demand(self.slot, presence::FLUSH);
        }
        window::at(Point::Forgotten);
        drop(PageRef::from_entry(old.frame));
    }

    /// Moves the space out, leaving the empty place: from now on nobody can find it.
    #[must_use = "the frames are lost unless the space is torn down"]
    pub fn evict(&mut self) -> Space {
        core::mem::replace(self, Space::empty(self.slot))
    }

    /// Gives every frame back. The space must be evicted, and its env on no CPU: then no CPU has it loaded.
    /// Without the lock of the place it was in: there can be a great deal to give back.
    pub fn tear_down(self) {
        table::env(self.slot).space.assert_not_held();
        if let Some(directory) = self.directory {
            page_table::free(directory);
        }
    }
}
