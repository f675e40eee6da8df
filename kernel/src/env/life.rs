//! What the life lock and the ipc lock of an env guard.
//!
//! *May it run*, *is it on a CPU* and *is it in a queue* are three facts, kept apart. The first is derived here from
//! what is known; the second is [`crate::presence`]; the third is `Life::queued_on` with the bit in that queue.

use core::sync::atomic::Ordering;

use abi::{EnvId, EnvStatus};

use crate::env::table;
use crate::mm::frame::Frame;
use crate::slot_set::SlotSet;

/// Whether a slot has a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tenancy {
    /// No tenant.
    Free,
    /// A tenant.
    Live,
    /// A tenant that was destroyed. Final: the next state is `Free`.
    Dying,
}

/// Who the tenant of a slot is and whether it may run. Under the life lock.
#[derive(Debug)]
pub struct Life {
    /// The tenant, or the last one.
    pub id: EnvId,
    /// Its parent; [`EnvId::NONE`] for the kernel.
    pub parent: EnvId,
    /// Its page directory, to be loaded by the CPU that picks it. Fixed while there is a tenant.
    pub directory: Frame,
    /// Whether there is a tenant.
    pub tenancy: Tenancy,
    /// Told not to run by `env_set_status`, or not yet told to run.
    pub frozen: bool,
    /// JOS's `ipc_send` tries, is refused, yields and tries again. This env has yielded after a refused message, and the one that refused it has not asked for messages since: others go first,
    /// and the CPU may rest. Ends at the latest with the next tick of the CPU it is queued on.
    pub patient: bool,
    /// Blocked in `ipc_recv`. Set and cleared together with `Mailbox::receiving`, under both locks.
    pub receiving: bool,
    /// The CPU in whose run queue the slot's bit is, or was until that CPU's pick that is under way. While this is
    /// set, whoever wants the slot queued has nothing to do: the pick will look at the state anew.
    pub queued_on: Option<usize>,
}

impl Life {
    /// An empty slot.
    pub const EMPTY: Life = Life {
        id: EnvId::NONE,
        parent: EnvId::NONE,
        directory: Frame(0),
        tenancy: Tenancy::Free,
        frozen: true,
        patient: false,
        receiving: false,
        queued_on: None,
    };

    /// Whether `id` names this tenant. A dying one still answers to its id.
    pub fn is(&self, id: EnvId) -> bool {
        self.tenancy != Tenancy::Free && self.id == id
    }

    /// Whether the tenant may be on a CPU.
    pub fn may_run(&self) -> bool {
        self.tenancy == Tenancy::Live && !self.frozen && !self.receiving
    }

    /// The status that programs see for a tenant that is, or is not, on a CPU.
    pub fn status(&self, on_cpu: bool) -> EnvStatus {
        match self.tenancy {
            Tenancy::Free => EnvStatus::Free,
            Tenancy::Dying => EnvStatus::Dying,
            Tenancy::Live if !self.may_run() => EnvStatus::NotRunnable,
            Tenancy::Live if on_cpu => EnvStatus::Running,
            Tenancy::Live => EnvStatus::Runnable,
        }
    }
}

/// What an env waits for. Under the ipc lock.
#[derive(Debug)]
pub struct Mailbox {
    /// Whether a message may be delivered.
    pub receiving: bool,
    /// Where the receiver wants a page, or an address at or above UTOP for "nowhere".
    pub dstva: u32,
    /// The envs that were refused and wait, so that they try again at the right moment and not all the time.
    pub refused: Refused,
}

/// The slots of envs that were refused, which have their turns going round.
#[derive(Clone, Copy, Debug)]
pub struct Refused {
    slots: SlotSet,
    /// Whose turn it was last.
    last: u16,
}

impl Refused {
    const NONE: Refused = Refused { slots: SlotSet::new(), last: 0 };

    /// Adds a slot.
    pub fn insert(&mut self, slot: usize) {
        self.slots.insert(slot);
    }

    /// Takes out the slot whose turn it is.
    pub fn pop(&mut self) -> Option<usize> {
        let slot = self.slots.pop_after(usize::from(self.last))?;
        self.last = slot as u16;
        Some(slot)
    }
}

impl Mailbox {
    /// Waiting for nothing.
    pub const EMPTY: Mailbox = Mailbox { receiving: false, dstva: 0, refused: Refused::NONE };

    /// Makes it [`Mailbox::EMPTY`]. Mostly nobody waits to send, and the set need not be written.
    pub fn clear(&mut self) {
        (self.receiving, self.dstva, self.refused.last) = (false, 0, 0);
        if self.refused.slots.count() != 0 {
            self.refused = Refused::NONE;
        }
    }
}

/// Publishes the status of the tenant. `life` is what the life lock guards, so that lock is held.
pub fn publish_status(life: &Life, status: EnvStatus) {
    table::record(life.id.slot()).status.store(status as u32, Ordering::Release);
}
