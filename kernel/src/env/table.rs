//! The env table: slots, ids, and finding an env.
//!
//! A look-up gives a guard, never a bare reference: the id was checked under the lock that is held. Locks: the slot
//! cache and the env table (in the pool) to get and return a slot; life, ipc or vm to look up.

use core::sync::atomic::{AtomicU32, Ordering};

use abi::env::ENV_TYPE_USER;
use abi::{EnvId, EnvRecord, EnvStatus, Error, NENV};
use crossbeam_utils::CachePadded;
use sync::Rank;

use crate::config::SLOT_CACHE;
use crate::cpu::{self, Guard, SpinLock, This};
use crate::env::life::{self, Tenancy};
use crate::env::{Env, Life, Mailbox};
use crate::mm::phys;
use crate::mm::space::Space;
use crate::point::Point;
use crate::pool::Pool;
use crate::{inject, poison, window};

static ENVS: [CachePadded<Env>; NENV] = slots();

const fn slots() -> [CachePadded<Env>; NENV] {
    let mut envs = [const { CachePadded::new(empty_slot(0)) }; NENV];
    let mut slot = 1;
    while slot < NENV {
        envs[slot] = CachePadded::new(empty_slot(slot));
        slot += 1;
    }
    envs
}

const fn empty_slot(slot: usize) -> Env {
    let key = slot as u16;
    Env {
        life: SpinLock::new(Rank::EnvLife, key, Life::EMPTY),
        mailbox: SpinLock::new(Rank::EnvIpc, key, Mailbox::EMPTY),
        space: SpinLock::new(Rank::EnvVm, key, Space::empty(slot)),
        refused_by: AtomicU32::new(0),
    }
}

/// Page-aligned, and exactly 31 pages, so that mapping it shows programs nothing else.
#[repr(C, align(4096))]
struct Records([EnvRecord; NENV]);

static RECORDS: Records = Records(
    [const {
        EnvRecord {
            tf: [const { AtomicU32::new(0) }; 17],
            link: AtomicU32::new(0),
            id: AtomicU32::new(0),
            parent_id: AtomicU32::new(0),
            kind: AtomicU32::new(0),
            status: AtomicU32::new(0),
            runs: AtomicU32::new(0),
            cpunum: AtomicU32::new(0),
            pgdir: AtomicU32::new(0),
            pgfault_upcall: AtomicU32::new(0),
            ipc_recving: AtomicU32::new(0),
            ipc_dstva: AtomicU32::new(0),
            ipc_value: AtomicU32::new(0),
            ipc_from: AtomicU32::new(0),
            ipc_perm: AtomicU32::new(0),
        }
    }; NENV],
);

type FreeSlots = Pool<NENV, SLOT_CACHE, 1, 1>;

static SLOTS: FreeSlots = Pool::new(Rank::SlotCache, Rank::EnvTable);

/// Makes every slot available, slot 0 first. For boot.
pub fn init() {
    SLOTS.fill((0..NENV as u16).rev());
}

/// The env slot `slot`.
pub fn env(slot: usize) -> &'static Env {
    &ENVS[slot]
}

/// The record that programs see of `slot`.
pub fn record(slot: usize) -> &'static EnvRecord {
    &RECORDS.0[slot]
}

/// Kernel address of the records that programs see at UENVS.
pub fn records_address() -> u32 {
    phys::address_of(&RECORDS)
}

/// How many slots are free. Exact only while no env is made or freed.
pub fn available() -> usize {
    SLOTS.available()
}

/// Calls `look` with each free slot, as [`Pool::for_each`] does.
pub fn for_each_free(look: impl FnMut(usize)) -> bool {
    SLOTS.for_each(look)
}

/// The pool of free slots, for tests that break it.
#[cfg(test)]
pub(crate) fn pool() -> &'static FreeSlots {
    &SLOTS
}

/// Makes an env that may not run yet, with an empty address space: JOS's `env_alloc`.
///
/// Nobody can find it before its life is published, last of all.
///
/// # Errors
/// `E_NO_FREE_ENV`; `E_NO_MEM`.
pub fn alloc(parent: EnvId) -> Result<EnvId, Error> {
    if inject::fails(inject::Kind::Slot) {
        return Err(Error::NoFreeEnv);
    }
    let slot = usize::from(SLOTS.take().ok_or(Error::NoFreeEnv)?);
    poison::slot_taken(slot, remains(slot));
    window::at(Point::SlotTaken);
    let (env, record) = (env(slot), record(slot));
    let id = EnvId(record.id.load(Ordering::Relaxed)).successor(slot);
    let Some(space) = Space::new(id, parent) else {
        give_back(slot);
        return Err(Error::NoMem);
    };
    let directory = space.directory();
    write_record(record, id, parent, &space);
    let emptied = core::mem::replace(&mut *env.space.lock(), space);
    debug_assert_eq!(emptied.owner(), EnvId::NONE);
    env.mailbox.lock().clear();
    env.refused_by.store(0, Ordering::Relaxed);
    let mut life = env.life.lock();
    // A stale bit of the last tenant may still be in a queue. It stands for this one then.
    let queued_on = life.queued_on;
    *life = Life { id, parent, directory, tenancy: Tenancy::Live, queued_on, ..Life::EMPTY };
    life::publish_status(&life, EnvStatus::NotRunnable);
    Ok(id)
}

fn write_record(record: &EnvRecord, id: EnvId, parent: EnvId, space: &Space) {
    let set = |word: &AtomicU32, value: u32| word.store(value, Ordering::Relaxed);
    set(&record.id, id.0);
    set(&record.parent_id, parent.0);
    set(&record.kind, ENV_TYPE_USER);
    set(&record.runs, 0);
    set(&record.cpunum, cpu::index() as u32);
    set(&record.pgdir, phys::kernel_address(space.directory().address()) as u32);
    set(&record.pgfault_upcall, 0);
    set(&record.ipc_recving, 0);
    // JOS leaves the rest of the last tenant's message in place. There is no reason to show it to a stranger.
    for word in [&record.ipc_dstva, &record.ipc_value, &record.ipc_from, &record.ipc_perm] {
        set(word, 0);
    }
}

/// Sets where the tenant's page faults go. `life` is what the life lock guards, so that lock is held: the slot has that tenant.
pub fn set_upcall(life: &Life, func: u32) {
    record(life.id.slot()).pgfault_upcall.store(func, Ordering::Relaxed);
}

/// Returns a slot that no longer has a tenant.
pub fn give_back(slot: usize) {
    poison::slot_freed(slot, remains(slot));
    SLOTS.give(slot as u16);
}

/// What is of no use to anybody once the tenant has gone: its registers, and who refused its last message.
fn remains(slot: usize) -> impl Iterator<Item = &'static AtomicU32> {
    record(slot).tf.iter().chain(core::iter::once(&env(slot).refused_by))
}

/// The env `target` names for `caller`: 0 is the caller itself.
pub fn resolve(target: EnvId, caller: EnvId) -> EnvId {
    if target == EnvId::NONE { caller } else { target }
}

/// Locks the life of `target`, which must be `caller` or its child: JOS's `envid2env` with the check on.
///
/// # Errors
/// `E_BAD_ENV`.
#[track_caller]
pub fn lock_life(target: EnvId, caller: EnvId) -> Result<Guard<'static, Life>, Error> {
    let target = resolve(target, caller);
    let life = env(target.slot()).life.lock();
    let allowed = life.is(target) && (target == caller || life.parent == caller);
    if allowed { Ok(life) } else { Err(Error::BadEnv) }
}

/// Locks the memory of `target`, which must be `caller` or its child.
///
/// # Errors
/// `E_BAD_ENV`.
#[track_caller]
pub fn lock_space(target: EnvId, caller: EnvId) -> Result<Guard<'static, Space>, Error> {
    let target = resolve(target, caller);
    let space = env(target.slot()).space.lock();
    if space.answers_to(target, caller) { Ok(space) } else { Err(Error::BadEnv) }
}

/// Locks the memories of two envs, which may be the same, each of which must be `caller` or its child.
///
/// # Errors
/// `E_BAD_ENV`.
#[track_caller]
pub fn lock_spaces(a: EnvId, b: EnvId, caller: EnvId) -> Result<sync::Pair<'static, Space, This>, Error> {
    let (a, b) = (resolve(a, caller), resolve(b, caller));
    let mut pair = sync::lock_pair(&env(a.slot()).space, &env(b.slot()).space);
    // Two ids of one slot are one space, which does not answer to both.
    let allowed = pair.first().answers_to(a, caller) && pair.second().answers_to(b, caller);
    if allowed { Ok(pair) } else { Err(Error::BadEnv) }
}
