//! Envs: a few.

use core::sync::atomic::AtomicU32 as Word;

use interface::EnvId;

use crate::atomic::AtomicU32;
use crate::cpu::{Guard, SpinLock};
use crate::kernel::mm::space::Space;

pub(crate) use crate::life::{Life, Mailbox};
pub(crate) use crate::{exit, life};

/// What programs see of an env. Those words are the checker's that say something about each other.
pub struct EnvRecord {
    pub id: Word,
    pub status: AtomicU32,
    pub runs: Word,
    pub cpunum: Word,
    pub ipc_recving: AtomicU32,
    pub ipc_dstva: AtomicU32,
    pub ipc_value: AtomicU32,
    pub ipc_from: AtomicU32,
    pub ipc_perm: AtomicU32,
}

impl EnvRecord {
    /// The checker's words.
    pub(crate) fn words(&self) -> [&AtomicU32; 6] {
        [&self.status, &self.ipc_recving, &self.ipc_dstva, &self.ipc_value, &self.ipc_from, &self.ipc_perm]
    }
}

pub struct Env {
    pub life: SpinLock<Life>,
    pub mailbox: SpinLock<Mailbox>,
    pub space: SpinLock<Space>,
    pub refused_by: AtomicU32,
}

#[derive(Debug)]
pub struct OnCpu(EnvId);

impl OnCpu {
    pub fn new(life: &Life) -> OnCpu {
        OnCpu(life.id)
    }

    pub fn slot(&self) -> usize {
        self.0.slot()
    }

    pub fn id(&self) -> EnvId {
        self.0
    }
}

pub struct Current<'a>(pub &'a OnCpu);

impl Current<'_> {
    pub fn id(&self) -> EnvId {
        self.0.id()
    }

    pub fn slot(&self) -> usize {
        self.0.slot()
    }

    pub fn env(&self) -> &'static Env {
        table::env(self.slot())
    }

    pub fn record(&self) -> &'static EnvRecord {
        table::record(self.slot())
    }

    #[track_caller]
    pub fn life(&self) -> Guard<'static, Life> {
        self.env().life.lock()
    }

    #[track_caller]
    pub fn space(&self) -> Guard<'static, Space> {
        self.env().space.lock()
    }
}

pub mod table {
    use super::{Env, EnvRecord, Life, Mailbox, Space, Word};
    use crate::Rank;
    use crate::atomic::{AtomicU32, Ordering};
    use crate::cpu::SpinLock;
    use interface::EnvId;

    pub(crate) const SLOTS: usize = 4;

    static ENVS: [Env; SLOTS] = [const {
        Env {
            life: SpinLock::new(Rank::EnvLife, 0, Life::EMPTY),
            mailbox: SpinLock::new(Rank::EnvIpc, 0, Mailbox::EMPTY),
            space: SpinLock::new(Rank::EnvVm, 0, Space::EMPTY),
            refused_by: AtomicU32::new(0),
        }
    }; SLOTS];

    static RECORDS: [EnvRecord; SLOTS] = [const {
        EnvRecord {
            id: Word::new(0),
            status: AtomicU32::new(0),
            runs: Word::new(0),
            cpunum: Word::new(0),
            ipc_recving: AtomicU32::new(0),
            ipc_dstva: AtomicU32::new(0),
            ipc_value: AtomicU32::new(0),
            ipc_from: AtomicU32::new(0),
            ipc_perm: AtomicU32::new(0),
        }
    }; SLOTS];

    /// How many slots were given back.
    static RETURNED: AtomicU32 = AtomicU32::new(0);

    pub fn env(slot: usize) -> &'static Env {
        &ENVS[slot]
    }

    pub fn record(slot: usize) -> &'static EnvRecord {
        &RECORDS[slot]
    }

    pub fn resolve(target: EnvId, caller: EnvId) -> EnvId {
        if target == EnvId::NONE { caller } else { target }
    }

    pub fn give_back(_slot: usize) {
        RETURNED.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn returned() -> u32 {
        RETURNED.load(Ordering::SeqCst)
    }

    /// An env that is frozen, as after `exofork`.
    pub(crate) fn make(slot: usize) -> EnvId {
        let id = EnvId(0x1000 + u32::try_from(slot).expect("a small number"));
        *env(slot).life.lock() = Life { id, tenancy: super::life::Tenancy::Live, ..Life::EMPTY };
        env(slot).mailbox.lock().clear();
        *env(slot).space.lock() = Space::EMPTY;
        let record = record(slot);
        record.id.store(id.0, Ordering::Relaxed);
        record.status.store(4, Ordering::Relaxed);
        record.cpunum.store(0, Ordering::Relaxed);
        record.ipc_recving.store(0, Ordering::Relaxed);
        id
    }
}
