//! System calls: from five registers to typed arguments, and back to one.
//!
//! One line per call. A handler answers with a value for EAX and a hint who runs next; or with an error code; or that the
//! caller must die, because it handed over a bad pointer. None of them switches, none panics on anything a program does.

mod args;
mod console;
mod env;
mod ipc;
mod page;

use abi::{EnvId, Error, Syscall};
use sync::event::Event;

use crate::env::Current;
use crate::mm::user_mem::BadAddress;
use crate::point::Point;
use crate::run::Next;
use crate::trap::page_fault;
use crate::window;

/// What a call that went well answers.
pub(crate) enum Reply {
    /// This value; the caller goes on.
    Same(u32),
    /// This value; others may run first.
    Other(u32),
}

/// What a call that went wrong answers.
pub(crate) enum Fail {
    /// This code.
    Code(Error),
    /// Nothing: the caller dies.
    Kill(BadAddress),
}

type Result<T> = core::result::Result<T, Fail>;

impl From<Error> for Fail {
    fn from(error: Error) -> Fail {
        Fail::Code(error)
    }
}

impl From<BadAddress> for Fail {
    fn from(bad: BadAddress) -> Fail {
        Fail::Kill(bad)
    }
}

/// Does the call that the env's registers ask for.
pub(crate) fn dispatch(current: &mut Current<'_>) -> Next {
    let (eax, next) = match call(current) {
        Ok(Reply::Same(value)) => (value, Next::Same),
        Ok(Reply::Other(value)) => (value, Next::Other),
        Err(Fail::Code(error)) => (error.to_eax(), Next::Same),
        Err(Fail::Kill(bad)) => return page_fault::kill_for_pointer(current, bad),
    };
    current.frame.regs.eax = eax;
    next
}

fn call(current: &Current<'_>) -> Result<Reply> {
    let regs = current.frame.regs;
    let (a, b, c, d, e) = (regs.edx, regs.ecx, regs.ebx, regs.edi, regs.esi);
    sync::trace::note(Event::Call(regs.eax as u8));
    window::at(Point::Calling);
    window::mark(regs.eax);
    match Syscall::try_from(regs.eax)? {
        Syscall::Cputs => console::cputs(current, a, b),
        Syscall::Cgetc => console::cgetc(),
        Syscall::Getenvid => Ok(Reply::Same(current.id().0)),
        Syscall::EnvDestroy => env::destroy(current, EnvId(a)),
        Syscall::PageAlloc => page::alloc(current, EnvId(a), b, c),
        Syscall::PageMap => page::map(current, EnvId(a), b, EnvId(c), d, e),
        Syscall::PageUnmap => page::unmap(current, EnvId(a), b),
        Syscall::Exofork => env::exofork(current),
        Syscall::EnvSetStatus => env::set_status(current, EnvId(a), b),
        Syscall::EnvSetPgfaultUpcall => env::set_pgfault_upcall(current, EnvId(a), b),
        Syscall::Yield => Ok(ipc::yield_cpu(current)),
        Syscall::IpcTrySend => ipc::try_send(current, EnvId(a), b, c, d),
        Syscall::IpcRecv => ipc::recv(current, a),
    }
}
