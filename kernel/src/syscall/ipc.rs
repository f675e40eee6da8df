//! Messages: `ipc_try_send` and `ipc_recv`, and `yield`, which mostly means "I will try again".
//!
//! A message is delivered in one critical section of the receiver, after everything has been checked: on an error nothing
//! has changed and the receiver goes on waiting. Locks: life and ipc of the receiver, then vm of both in slot order.

use core::sync::atomic::Ordering;

use abi::layout::UTOP;
use abi::page::PteFlags;
use abi::{EnvId, EnvStatus, Error};

use crate::env::life::Tenancy;
use crate::env::{Current, Mailbox, table};
use crate::mm::frame::PageRef;
use crate::mm::page_table::Entry;
use crate::mm::space::Space;
use crate::point::Point;
use crate::sched;
use crate::syscall::args::{self, UserPage};
use crate::syscall::{Reply, Result};
use crate::{watchdog, window};

/// Sends `value`, and the page at `source_va` if that is below UTOP, to any env that is blocked in `ipc_recv`.
pub(super) fn try_send(current: &Current<'_>, target: EnvId, value: u32, source_va: u32, perm: u32) -> Result<Reply> {
    let target = table::resolve(target, current.id());
    if is_busy(target) {
        return refuse(current, target);
    }
    sync::lock_order!(EnvLife => EnvIpc => EnvVm);
    let mut life = table::env(target.slot()).life.lock();
    if !life.is(target) {
        return Err(Error::BadEnv.into());
    }
    let mut mailbox = table::env(target.slot()).mailbox.lock();
    if life.tenancy != Tenancy::Live || !mailbox.receiving {
        return refuse(current, target);
    }
    window::at(Point::Sending);
    let granted = match UserPage::optional(source_va)? {
        Some(page) => send_page(current, target, page, &mailbox, args::permissions(perm)?)?,
        None => PteFlags::empty(),
    };
    mailbox.receiving = false;
    life.receiving = false;
    let record = table::record(target.slot());
    window::at(Point::Writing);
    record.ipc_value.store(value, Ordering::Relaxed);
    record.ipc_from.store(current.id().0, Ordering::Relaxed);
    record.ipc_perm.store(granted.bits(), Ordering::Relaxed);
    record.ipc_recving.store(0, Ordering::Release);
    sched::settle(&mut life);
    watchdog::sends_no_more(current.slot());
    window::at(Point::Sent);
    Ok(Reply::Same(0))
}

/// Blocks the caller until a message comes. It resumes with EAX 0: nobody writes its registers later.
pub(super) fn recv(current: &Current<'_>, dstva: u32) -> Result<Reply> {
    UserPage::optional(dstva)?;
    watchdog::sends_no_more(current.slot());
    sync::lock_order!(EnvLife => EnvIpc);
    let mut life = current.life();
    let mut mailbox = current.env().mailbox.lock();
    mailbox.dstva = dstva;
    mailbox.receiving = true;
    life.receiving = true;
    let record = current.record();
    record.ipc_dstva.store(dstva, Ordering::Relaxed);
    record.ipc_recving.store(1, Ordering::Release);
    let next = mailbox.refused.pop();
    drop(mailbox);
    sched::settle(&mut life);
    drop(life);
    window::at(Point::Receiving);
    invite(current, next);
    Ok(Reply::Other(0))
}

/// Lets `next`, which waits to send to the caller, try again; or another, if that one does not wait. One is enough, and so each has its turn, in the order of
/// slots, going round; if it has changed its mind, the others try again at the next tick.
fn invite(current: &Current<'_>, mut next: Option<usize>) {
    while let Some(slot) = next
        && !sched::hurry(slot)
    {
        next = current.env().mailbox.lock().refused.pop();
    }
}

/// Lets others run. After a refused message the caller need not run again before the receiver asks for messages: JOS's
/// `ipc_send` would only try again, and a CPU with nothing but such envs can rest. See [`sched::hurry`].
pub(super) fn yield_cpu(current: &Current<'_>) -> Reply {
    let refused_by = current.env().refused_by.swap(0, Ordering::Relaxed);
    if let Some(target) = (refused_by as usize).checked_sub(1)
        && target != current.slot()
    {
        sync::lock_order!(EnvLife => EnvIpc);
        let mut life = current.life();
        let mut mailbox = table::env(target).mailbox.lock();
        if !mailbox.receiving {
            mailbox.refused.insert(current.slot());
            life.patient = true;
        }
    }
    Reply::Other(0)
}

fn refuse(current: &Current<'_>, target: EnvId) -> Result<Reply> {
    current.env().refused_by.store(target.slot() as u32 + 1, Ordering::Relaxed);
    watchdog::refused(current.slot(), target.slot());
    window::at(Point::Refused);
    Err(Error::IpcNotRecv.into())
}

/// Whether `target` lives and is not receiving, seen without a lock: the answer for senders that try again and again,
/// who would otherwise fight over the receiver's locks.
///
/// Right at one moment of the call. `ipc_recving` may be a newer tenant's than `id`: then `target` has died in between, and
/// an env that dies is not receiving.
fn is_busy(target: EnvId) -> bool {
    let record = table::record(target.slot());
    record.id.load(Ordering::Relaxed) == target.0
        && record.status.load(Ordering::Relaxed) != EnvStatus::Free as u32
        && record.ipc_recving.load(Ordering::Relaxed) == 0
}

/// Maps the sender's page for the receiver, if that wants one; gives back the permissions it got.
fn send_page(
    current: &Current<'_>,
    target: EnvId,
    page: UserPage,
    mailbox: &Mailbox,
    flags: PteFlags,
) -> Result<PteFlags> {
    if mailbox.dstva >= UTOP {
        sendable(&current.space(), page, flags)?;
        return Ok(PteFlags::empty());
    }
    let mut spaces = sync::lock_pair(&current.env().space, &table::env(target.slot()).space);
    let entry = sendable(spaces.first(), page, flags)?;
    spaces.second().map(mailbox.dstva, PageRef::share(entry.frame), flags)?;
    Ok(flags)
}

/// The sender's mapping of `page`, if it may be sent with `flags`.
fn sendable(space: &Space, page: UserPage, flags: PteFlags) -> Result<Entry> {
    let entry = space.lookup(page.va()).ok_or(Error::Inval)?;
    if flags.contains(PteFlags::W) && !entry.flags.contains(PteFlags::W) {
        return Err(Error::Inval.into());
    }
    Ok(entry)
}
