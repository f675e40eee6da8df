//! Envs: that life, mailbox, space, record, queue and CPU of each tell the same.

use core::sync::atomic::{AtomicU32, Ordering};

use abi::env::ENV_TYPE_USER;
use abi::{EnvId, NENV};

use super::report::Report;
use super::{frames, queues, slots};
use crate::env::life::Tenancy;
use crate::env::table;
use crate::mm::frame::Frame;
use crate::mm::phys;
use crate::presence;

/// What the three locks of a slot guard, copied.
struct Facts {
    slot: usize,
    id: EnvId,
    parent: EnvId,
    tenancy: Tenancy,
    directory: Frame,
    may_run: bool,
    patient: bool,
    status: u32,
    queued_on: Option<usize>,
    /// In the life, and in the mailbox.
    receiving: (bool, bool),
    dstva: u32,
    /// Owner, parent and directory in the space.
    space: (EnvId, EnvId, Option<Frame>),
    on_cpu: Option<usize>,
}

/// Checks every slot, and counts what its space refers to.
pub(super) fn check(report: &mut Report) {
    for slot in 0..NENV {
        match facts(slot) {
            Ok(facts) => check_one(&facts, report),
            Err(class) => report.fault(
                "lock-taken",
                format_args!("lock={class}#{slot}"),
                format_args!("the {class} lock of slot {slot} is taken"),
            ),
        }
    }
}

/// Copies what there is to know of a slot; the class of a lock that is taken is an error.
fn facts(slot: usize) -> Result<Facts, &'static str> {
    let env = table::env(slot);
    let space = env.space.try_lock().ok_or("env-vm")?.tenant();
    let (mailbox_receiving, dstva) = {
        let mailbox = env.mailbox.try_lock().ok_or("env-ipc")?;
        (mailbox.receiving, mailbox.dstva)
    };
    let life = env.life.try_lock().ok_or("env-life")?;
    let on_cpu = presence::on_cpu(slot);
    Ok(Facts {
        slot,
        id: life.id,
        parent: life.parent,
        tenancy: life.tenancy,
        directory: life.directory,
        may_run: life.may_run(),
        patient: life.patient,
        status: life.status(on_cpu.is_some()) as u32,
        queued_on: life.queued_on,
        receiving: (life.receiving, mailbox_receiving),
        dstva,
        space,
        on_cpu,
    })
}

fn check_one(env: &Facts, report: &mut Report) {
    check_slot(env, report);
    check_queue(env, report);
    if env.tenancy == Tenancy::Free {
        check_status(env, report);
        return;
    }
    check_mirror(env, report);
    let owned = (env.id, env.parent, Some(env.directory));
    if env.space != owned {
        let (owner, parent, directory) = env.space;
        report.fault(
            "space-owner",
            format_args!("env={} owner={owner} parent={parent}", env.id),
            format_args!(
                "the space in slot {} is that of env {owner} with parent {parent} and directory {directory:?}; the life says env {} with parent {} and {:?}",
                env.slot, env.id, env.parent, env.directory
            ),
        );
    }
    if let Some(directory) = env.space.2 {
        frames::count_space(directory, report);
        if let Err(index) = frames::kernel_half(directory) {
            report.fault(
                "kernel-half",
                format_args!("env={} entry={index:#x}", env.id),
                format_args!("directory entry {index:#x} of env {}, the kernel's part, has changed", env.id),
            );
        }
    }
}

/// A slot is free, or it has a tenant.
fn check_slot(env: &Facts, report: &mut Report) {
    let (slot, times) = (env.slot, slots::times_free(env.slot));
    let what = match (env.tenancy, times) {
        (Tenancy::Free, 1) | (Tenancy::Live, 0) => None,
        (Tenancy::Dying, 0) if env.on_cpu.is_some() => None,
        (Tenancy::Dying, 0) => Some(("env-not-reaped", "is dying and on no CPU")),
        (Tenancy::Free, 0) => Some(("slot-lost", "has no tenant and is not in the pool")),
        (_, 2..) => Some(("slot-free-twice", "is in the pool more than once")),
        _ => Some(("slot-free-and-used", "is in the pool and has a tenant")),
    };
    if let Some((kind, what)) = what {
        report.fault(
            kind,
            format_args!("slot={slot} env={} free={times}", env.id),
            format_args!("slot {slot} (env {}) {what}", env.id),
        );
    }
    let empty = env.space.2.is_none() && env.on_cpu.is_none() && !env.receiving.1;
    if env.tenancy == Tenancy::Free && !empty {
        report.fault(
            "slot-not-empty",
            format_args!("slot={slot}"),
            format_args!(
                "slot {slot} has no tenant, but {:?}, is on CPU {:?}, receiving: {}",
                env.space, env.on_cpu, env.receiving.1
            ),
        );
    }
}

/// An env that may run and is on no CPU is in exactly one queue, all others are in none.
fn check_queue(env: &Facts, report: &mut Report) {
    let place = queues::place(env.slot);
    let due = u32::from(env.may_run && env.on_cpu.is_none());
    if place.times != due {
        let kind = if place.times < due { "env-not-queued" } else { "env-queued" };
        report.fault(
            kind,
            format_args!("env={} times={} due={due}", env.id, place.times),
            format_args!(
                "env {} (may run: {}, on CPU: {:?}) is in {} queues instead of {due}",
                env.id, env.may_run, env.on_cpu, place.times
            ),
        );
    }
    let found = (place.times > 0).then_some(place.cpu);
    if found != env.queued_on || place.patient && !env.patient {
        report.fault(
            "env-queued-elsewhere",
            format_args!("env={}", env.id),
            format_args!(
                "env {} is in the queue of CPU {found:?} (as a patient one: {}), its life says {:?} (patient: {})",
                env.id, place.patient, env.queued_on, env.patient
            ),
        );
    }
}

fn check_status(env: &Facts, report: &mut Report) {
    compare(env, report, "env_status", &table::record(env.slot).status, env.status);
}

/// What programs see at UENVS is what is the case.
fn check_mirror(env: &Facts, report: &mut Report) {
    let record = table::record(env.slot);
    check_status(env, report);
    compare(env, report, "env_id", &record.id, env.id.0);
    compare(env, report, "env_parent_id", &record.parent_id, env.parent.0);
    compare(env, report, "env_type", &record.kind, ENV_TYPE_USER);
    compare(env, report, "env_link", &record.link, 0);
    compare(env, report, "env_pgdir", &record.pgdir, phys::kernel_address(env.directory.address()) as u32);
    compare(env, report, "env_ipc_recving", &record.ipc_recving, u32::from(env.receiving.0));
    if env.receiving.0 != env.receiving.1 {
        report.fault(
            "receiving",
            format_args!("env={}", env.id),
            format_args!(
                "env {} waits for a message: {} by its life, {} by its mailbox",
                env.id, env.receiving.0, env.receiving.1
            ),
        );
    }
    if env.receiving.1 {
        compare(env, report, "env_ipc_dstva", &record.ipc_dstva, env.dstva);
    }
    if let Some(cpu) = env.on_cpu {
        compare(env, report, "env_cpunum", &record.cpunum, cpu as u32);
    }
}

fn compare(env: &Facts, report: &mut Report, field: &str, word: &AtomicU32, due: u32) {
    let shown = word.load(Ordering::Relaxed);
    if shown != due {
        report.fault(
            "mirror",
            format_args!("slot={} env={} field={field} shown={shown:#x} due={due:#x}", env.slot, env.id),
            format_args!("{field} of slot {} (env {}) shows {shown:#x} and should be {due:#x}", env.slot, env.id),
        );
    }
}
