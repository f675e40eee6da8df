//! Messages between environments: a word, and perhaps a page.
//!
//! JOS: `lib/ipc.c`.

use core::sync::atomic::Ordering;

use abi::layout::UTOP;
use abi::{EnvId, Error, PteFlags};

use crate::hand::Page;
use crate::sys::{sys_ipc_recv, sys_ipc_try_send, sys_yield};
use crate::vpt::{envs, thisenv};

/// What came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// The word.
    pub value: u32,
    /// Who sent it.
    pub from: EnvId,
    /// The permissions of the page that came with it, empty if none did.
    pub perm: PteFlags,
}

/// Sends `value`, and the page at `page` with these permissions, waiting until `to` receives.
///
/// # Panics
///
/// If the kernel refuses for another reason than `to` not being ready.
pub fn ipc_send(to: EnvId, value: u32, page: Option<(Page, PteFlags)>) {
    loop {
        match ipc_try_send(to, value, page) {
            Ok(()) => return,
            Err(Error::IpcNotRecv) => sys_yield(),
            Err(error) => panic!("ipc_send to {to}: {error}"),
        }
    }
}

/// Sends if `to` is receiving. Fails as [`sys_ipc_try_send`].
pub fn ipc_try_send(to: EnvId, value: u32, page: Option<(Page, PteFlags)>) -> Result<(), Error> {
    let (va, perm) = page.map_or((UTOP, PteFlags::empty()), |(page, perm)| (page.va(), perm));
    sys_ipc_try_send(to, value, va, perm)
}

/// Waits for a message; a page in it is mapped at `page`. Fails as [`sys_ipc_recv`].
pub fn ipc_recv(page: Option<Page>) -> Result<Message, Error> {
    sys_ipc_recv(page.map_or(UTOP, Page::va))?;
    // The kernel wrote these before it woke this env, and will not again before the next receive.
    let me = thisenv();
    Ok(Message {
        value: me.ipc_value.load(Ordering::Relaxed),
        from: EnvId(me.ipc_from.load(Ordering::Relaxed)),
        perm: PteFlags::from_bits_retain(me.ipc_perm.load(Ordering::Relaxed)),
    })
}

/// The first environment of this type, dead or alive, as in JOS; there is but one type, so that is slot 0.
pub fn ipc_find_env(kind: u32) -> Option<EnvId> {
    envs().iter().find(|env| env.kind.load(Ordering::Relaxed) == kind).map(|env| EnvId(env.id.load(Ordering::Relaxed)))
}
