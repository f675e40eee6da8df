//! The env this CPU runs: the only door to its saved registers.
//!
//! [`OnCpu`] is the right to run an env, made by [`crate::sched`] when it puts the env on this CPU and used up when
//! it takes it off. [`Current`] is that right together with the registers, which lie at the top of this CPU's kernel
//! stack while the env is on it and in the record's `env_tf` otherwise.

use abi::{EnvId, EnvRecord};

use crate::cpu::Guard;
use crate::env::{Env, Life, table};
use crate::mm::frame::Frame;
use crate::mm::space::Space;
use crate::x86::frame::TrapFrame;

/// The right of this CPU to run an env. There is one for each env on a CPU, and it can't be copied.
#[derive(Debug)]
#[must_use = "an env on a CPU must be taken off it by sched::release"]
pub struct OnCpu {
    slot: usize,
    id: EnvId,
    directory: Frame,
}

impl OnCpu {
    /// For `sched`, which has just put the env on this CPU under `life`.
    pub fn new(life: &Life) -> OnCpu {
        OnCpu { slot: life.id.slot(), id: life.id, directory: life.directory }
    }

    /// The env's slot.
    pub fn slot(&self) -> usize {
        self.slot
    }

    /// The env's id.
    pub fn id(&self) -> EnvId {
        self.id
    }

    /// What to load into CR3 for it.
    pub fn directory(&self) -> Frame {
        self.directory
    }

    /// Copies the registers to the record, before the env leaves this CPU.
    pub fn save(&self, frame: &TrapFrame) {
        save_frame(table::record(self.slot), frame);
    }

    /// The registers from the record, when the env comes to this CPU.
    pub fn restore(&self, frame: &mut TrapFrame) {
        frame.load(&table::record(self.slot).tf);
    }
}

/// Writes registers to a record. Needs that the env is the caller's: on this CPU, or made by it and not yet runnable.
pub fn save_frame(record: &EnvRecord, frame: &TrapFrame) {
    frame.store(&record.tf);
}

/// The env that trapped, with its registers.
pub struct Current<'a> {
    on_cpu: &'a OnCpu,
    /// Its registers at the trap; what is in here when it resumes is what it gets.
    pub frame: &'a mut TrapFrame,
}

impl<'a> Current<'a> {
    /// The env that `on_cpu` names, whose registers are `frame`.
    pub fn new(on_cpu: &'a OnCpu, frame: &'a mut TrapFrame) -> Self {
        Current { on_cpu, frame }
    }

    /// Its id.
    pub fn id(&self) -> EnvId {
        self.on_cpu.id
    }

    /// Its slot.
    pub fn slot(&self) -> usize {
        self.on_cpu.slot
    }

    /// Its locks.
    pub fn env(&self) -> &'static Env {
        table::env(self.on_cpu.slot)
    }

    /// Its record.
    pub fn record(&self) -> &'static EnvRecord {
        table::record(self.on_cpu.slot)
    }

    /// Locks its life.
    #[track_caller]
    pub fn life(&self) -> Guard<'static, Life> {
        self.env().life.lock()
    }

    /// Locks its memory.
    #[track_caller]
    pub fn space(&self) -> Guard<'static, Space> {
        self.env().space.lock()
    }

    /// Saves the registers, as seen so far, to the record; gives back the kernel address of that copy, for dumps.
    pub fn save(&self) -> u32 {
        self.on_cpu.save(self.frame);
        crate::mm::phys::address_of(&self.record().tf)
    }
}
