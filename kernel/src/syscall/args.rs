//! Arguments, checked once and then typed.

use abi::Error;
use abi::layout::{PGSIZE, UTOP};
use abi::page::PteFlags;

/// The address of a page that a program may map: below UTOP, page aligned.
#[derive(Clone, Copy, Debug)]
pub(super) struct UserPage(u32);

impl UserPage {
    /// # Errors
    /// `E_INVAL`.
    pub(super) fn new(va: u32) -> Result<UserPage, Error> {
        if va < UTOP && va.is_multiple_of(PGSIZE) { Ok(UserPage(va)) } else { Err(Error::Inval) }
    }

    /// An optional page of a message: any address at or above UTOP means "none".
    ///
    /// # Errors
    /// `E_INVAL`.
    pub(super) fn optional(va: u32) -> Result<Option<UserPage>, Error> {
        if va >= UTOP { Ok(None) } else { UserPage::new(va).map(Some) }
    }

    /// The address.
    pub(super) fn va(self) -> u32 {
        self.0
    }
}

/// Permissions of a mapping: P and U, and nothing outside [`PteFlags::SYSCALL`].
///
/// # Errors
/// `E_INVAL`.
pub(super) fn permissions(bits: u32) -> Result<PteFlags, Error> {
    let flags = PteFlags::from_bits_retain(bits);
    let allowed = PteFlags::SYSCALL.contains(flags) && flags.contains(PteFlags::P | PteFlags::U);
    if allowed { Ok(flags) } else { Err(Error::Inval) }
}
