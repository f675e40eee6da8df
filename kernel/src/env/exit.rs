//! The end of an env.
//!
//! Destroying marks it dying, which is final and can be done twice. Its memory is given back by whoever sees it off
//! every CPU first: the destroyer, if it is on none, else the CPU it is on, once that has left its address space.
//!
//! Locks: life; then, one after the other, ipc, vm (freeing frames outside), life, and the slot pool's.

use abi::{EnvId, EnvStatus};

use crate::cpu::Guard;
use crate::env::life::{self, Tenancy};
use crate::env::{Current, Life, table};
use crate::point::Point;
use crate::{lifecycle, presence, sched, window};

/// Destroys the env whose life is locked, on behalf of `destroyer`: JOS's `env_destroy`.
///
/// An env on another CPU goes on until that CPU's next trap, which an interrupt brings about at once.
pub fn destroy(mut life: Guard<'_, Life>, destroyer: EnvId) {
    if life.tenancy != Tenancy::Live {
        return;
    }
    let id = life.id;
    life.tenancy = Tenancy::Dying;
    sched::settle(&mut life);
    window::at(Point::Dying);
    if presence::on_cpu(id.slot()).is_some() {
        presence::request(id.slot(), presence::STOP);
        return;
    }
    drop(life);
    reap(id, destroyer);
}

/// Destroys the env that trapped; this CPU frees it when it switches away.
pub fn destroy_current(current: &Current<'_>) {
    destroy(current.life(), current.id());
}

/// Frees a dying env that is on no CPU: JOS's `env_free`. `by` is the env on whose behalf, for the message.
pub fn reap(id: EnvId, by: EnvId) {
    let env = table::env(id.slot());
    window::at_for(Point::Reaping, id.slot());
    lifecycle!("[{by}] free env {id}");
    env.mailbox.lock().clear();
    let space = env.space.lock().evict();
    window::at_for(Point::Evicted, id.slot());
    space.tear_down();
    let mut life = env.life.lock();
    assert_eq!((life.id, life.tenancy), (id, Tenancy::Dying), "only a dying env is reaped, and once");
    life.tenancy = Tenancy::Free;
    life::publish_status(&life, EnvStatus::Free);
    drop(life);
    window::at_for(Point::Freed, id.slot());
    table::give_back(id.slot());
}
