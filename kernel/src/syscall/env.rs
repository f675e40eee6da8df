//! Calls about envs: `exofork`, `env_destroy`, `env_set_status`, `env_set_pgfault_upcall`.

use abi::{EnvId, EnvStatus, Error};

use crate::env::{Current, current, exit, table};
use crate::point::Point;
use crate::syscall::{Reply, Result};
use crate::x86::fpu;
use crate::{lifecycle, presence, sched, window};

const RUNNABLE: u32 = EnvStatus::Runnable as u32;
const NOT_RUNNABLE: u32 = EnvStatus::NotRunnable as u32;

/// Makes a child with the caller's registers, but for EAX, and no memory. It can't run before it is told to.
pub(super) fn exofork(current: &Current<'_>) -> Result<Reply> {
    let child = table::alloc(current.id())?;
    window::at(Point::Embryo);
    let mut frame = *current.frame;
    frame.regs.eax = 0;
    current::save_frame(table::record(child.slot()), &frame);
    fpu::inherit(current.slot(), child.slot());
    lifecycle!("[{}] new env {child}", current.id());
    Ok(Reply::Same(child.0))
}

/// Destroys the caller or a child.
pub(super) fn destroy(current: &Current<'_>, target: EnvId) -> Result<Reply> {
    let life = table::lock_life(target, current.id())?;
    let is_self = life.id == current.id();
    // Under the lock, so that this line comes before "free env", whichever CPU prints that.
    if is_self {
        lifecycle!("[{}] exiting gracefully", current.id());
    } else {
        lifecycle!("[{}] destroying {}", current.id(), life.id);
    }
    exit::destroy(life, current.id());
    Ok(if is_self { Reply::Other(0) } else { Reply::Same(0) })
}

/// Lets an env run, or freezes it. When the caller goes on, a frozen env has stopped.
///
/// An env blocked in `ipc_recv` stays blocked, whatever it is told here: it may run when it is both told to and has its
/// message. One that was destroyed stays so.
pub(super) fn set_status(current: &Current<'_>, target: EnvId, status: u32) -> Result<Reply> {
    let mut life = table::lock_life(target, current.id())?;
    life.frozen = match status {
        RUNNABLE => false,
        NOT_RUNNABLE => true,
        _ => return Err(Error::Inval.into()),
    };
    sched::settle(&mut life);
    let (slot, frozen) = (life.id.slot(), life.frozen);
    drop(life);
    if slot == current.slot() {
        return Ok(Reply::Other(0));
    }
    if frozen {
        presence::demand(slot, presence::STOP);
    }
    Ok(Reply::Same(0))
}

/// Sets where an env's page faults go; 0 for nowhere. The address is not checked: a bad one faults in its turn.
pub(super) fn set_pgfault_upcall(current: &Current<'_>, target: EnvId, func: u32) -> Result<Reply> {
    let life = table::lock_life(target, current.id())?;
    table::set_upcall(&life, func);
    Ok(Reply::Same(0))
}
