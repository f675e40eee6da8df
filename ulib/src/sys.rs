//! System calls with their types, under JOS's names.
//!
//! Each returns `Err` for a negative EAX. A call that may only return 0 panics when the kernel returns
//! something greater, as JOS's library does. [`SELF`] as an env means the caller.
//!
//! None of them is `unsafe`, though `page_map` can pull the floor from under any Rust value: they act on
//! address spaces as a debugger would, from outside of the language. Programs keep what they map by
//! hand away from what the linker placed; [`crate::Page`] does the checking.
//!
//! JOS: `lib/syscall.c`.

use abi::error::result_from_eax;
use abi::{EnvId, EnvStatus, Error, PteFlags, Syscall};

use crate::raw;

/// "The caller", where a call wants an env.
pub const SELF: EnvId = EnvId::NONE;

/// Prints bytes up to the first NUL, in one piece. A bad address destroys the caller.
pub fn sys_cputs(s: &[u8]) {
    sys_cputs_at(crate::address(s.as_ptr()), s.len() as u32);
}

/// [`sys_cputs`] for programs that want to print from an address they have no right to.
pub fn sys_cputs_at(va: u32, len: u32) {
    raw::syscall4(Syscall::Cputs as u32, va, len, 0, 0);
}

/// The next byte of input, or 0 if there is none. Does not wait.
pub fn sys_cgetc() -> u8 {
    raw::syscall4(Syscall::Cgetc as u32, 0, 0, 0, 0) as u8
}

/// The caller's id.
pub fn sys_getenvid() -> EnvId {
    EnvId(raw::syscall4(Syscall::Getenvid as u32, 0, 0, 0, 0))
}

/// Destroys the caller (and then does not return) or one of its children. Fails with `E_BAD_ENV`.
pub fn sys_env_destroy(env: EnvId) -> Result<(), Error> {
    checked(Syscall::EnvDestroy, env.0, 0, 0)
}

/// Maps a fresh zeroed page at `va` of `env`, in place of whatever is there.
///
/// Fails with `E_BAD_ENV`, `E_INVAL` (address, permissions) or `E_NO_MEM`.
pub fn sys_page_alloc(env: EnvId, va: u32, perm: PteFlags) -> Result<(), Error> {
    checked(Syscall::PageAlloc, env.0, va, perm.bits())
}

/// Maps the page at `src_va` of `src` at `dst_va` of `dst` too, in place of whatever is there.
///
/// Fails with `E_BAD_ENV`, `E_INVAL` (addresses, permissions, nothing at `src_va`, write permission
/// to a page that `src` may only read) or `E_NO_MEM`.
pub fn sys_page_map(src: EnvId, src_va: u32, dst: EnvId, dst_va: u32, perm: PteFlags) -> Result<(), Error> {
    let eax = raw::page_map(src.0, src_va, dst.0, dst_va, perm.bits());
    zero(Syscall::PageMap, eax)
}

/// Removes the mapping at `va` of `env`; nothing there is fine. Fails with `E_BAD_ENV` or `E_INVAL`.
pub fn sys_page_unmap(env: EnvId, va: u32) -> Result<(), Error> {
    checked(Syscall::PageUnmap, env.0, va, 0)
}

/// A child with the caller's registers and nothing mapped, not running: its id, or [`SELF`] in the child.
///
/// Fails with `E_NO_FREE_ENV` or `E_NO_MEM`. The caller's function must not return before the child has
/// a stack of its own; see [`crate::fork`].
#[inline(always)]
pub fn sys_exofork() -> Result<EnvId, Error> {
    result_from_eax(raw::exofork()).map(EnvId)
}

/// Makes `env` runnable, or keeps it from running. Fails with `E_BAD_ENV` or `E_INVAL` (any other status).
pub fn sys_env_set_status(env: EnvId, status: EnvStatus) -> Result<(), Error> {
    checked(Syscall::EnvSetStatus, env.0, status as u32, 0)
}

/// Sends the page faults of `env` to the code at `upcall`, or with 0 to nobody. Fails with `E_BAD_ENV`.
pub fn sys_env_set_pgfault_upcall(env: EnvId, upcall: u32) -> Result<(), Error> {
    checked(Syscall::EnvSetPgfaultUpcall, env.0, upcall, 0)
}

/// Lets others run.
pub fn sys_yield() {
    raw::syscall4(Syscall::Yield as u32, 0, 0, 0, 0);
}

/// Hands `value`, and the page at `src_va` if that is below `UTOP`, to `env` if it is receiving.
///
/// Fails with `E_IPC_NOT_RECV`, `E_BAD_ENV`, `E_INVAL` (page, permissions) or `E_NO_MEM`.
pub fn sys_ipc_try_send(env: EnvId, value: u32, src_va: u32, perm: PteFlags) -> Result<(), Error> {
    let number = Syscall::IpcTrySend as u32;
    let eax = raw::syscall4(number, env.0, value, src_va, perm.bits());
    result_from_eax(eax).map(|_| ())
}

/// Blocks until a message comes; a page in it appears at `dst_va` if that is below `UTOP`.
///
/// The message is in [`crate::thisenv`]. Fails with `E_INVAL` (address).
pub fn sys_ipc_recv(dst_va: u32) -> Result<(), Error> {
    checked(Syscall::IpcRecv, dst_va, 0, 0)
}

fn checked(call: Syscall, a1: u32, a2: u32, a3: u32) -> Result<(), Error> {
    zero(call, raw::syscall4(call as u32, a1, a2, a3, 0))
}

fn zero(call: Syscall, eax: u32) -> Result<(), Error> {
    match result_from_eax(eax)? {
        0 => Ok(()),
        positive => panic!("syscall {} returned {positive} (> 0)", call as u32),
    }
}
