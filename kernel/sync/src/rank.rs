//! The lock order.
//!
//! Draft.

/// The classes of locks, outermost first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Rank {
    /// The env slots a CPU keeps to itself.
    SlotCache,
    /// Free env slots, ids.
    EnvTable,
    /// An env's status, parent, upcall, death.
    EnvLife,
    /// An env's mailbox.
    EnvIpc,
    /// An env's page directory and tables.
    EnvVm,
    /// Who is queued for a CPU.
    RunQueue,
    /// The free frames a CPU keeps to itself.
    FrameCache,
    /// The global list of free frames.
    PageAllocator,
    /// Output line, input ring.
    Console,
}

impl Rank {
    /// Whether nothing may be taken while a lock of this class is held.
    #[must_use]
    pub const fn is_leaf(self) -> bool {
        matches!(self, Self::Console)
    }
}
