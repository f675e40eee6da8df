//! Gates: places a CPU may pass only with empty hands.
//!
//! A gate is data; `order.rs` checks it. No lock may be held in any of them, each for its own reason. (That others may
//! wait for this CPU's answer is no lock, and is what going to user mode means.)

/// A place where held locks are dangerous.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gate {
    /// Return to user mode. User code may run for ever, so a lock held here is lost.
    UserReturn,
    /// `hlt` in the idle loop. Nobody knows when this CPU wakes up.
    Halt,
    /// Entry to the kernel monitor. A human is slower than any spin loop's patience.
    Monitor,
    /// Going over to another env. What is held belongs to what was done for the old one.
    AddressSpace,
    /// Taking and letting go of the big lock, in the big-lock build. Fine locks live inside it.
    BigLock,
}

impl Gate {
    /// Whether interrupts must be off here. Elsewhere the kernel turns them on right after.
    #[inline(always)]
    #[must_use]
    pub const fn needs_interrupts_off(self) -> bool {
        matches!(self, Self::BigLock)
    }
}
