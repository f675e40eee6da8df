//! The atomic types: the CPU's, or under the model (`model.rs`) those of a scheduler that interleaves threads at will.
//!
//! The only place that knows the difference, so that what the model runs is the code itself.

#[cfg(not(all(test, feature = "model")))]
mod of_the_cpu {
    pub(crate) use core::hint::spin_loop;
    pub(crate) use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize};

    /// How many CPUs the checker has room for: one for every 8-bit local APIC id.
    pub const MAX_CPUS: usize = 256;

    /// More chains than a kernel has, on one CPU: see `order/chains.rs`.
    #[allow(dead_code, reason = "only builds with checks have chains")]
    pub(crate) const ROOM: usize = 64;
}

#[cfg(all(test, feature = "model"))]
mod of_the_model {
    pub(crate) use shuttle::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize};
    pub(crate) use shuttle::thread::yield_now as spin_loop;

    /// How many CPUs there are in the model.
    pub const MAX_CPUS: usize = 4;

    /// As many chains as the longest has parts.
    pub(crate) const ROOM: usize = 24;
}

#[cfg(not(all(test, feature = "model")))]
pub use of_the_cpu::MAX_CPUS;
#[cfg(not(all(test, feature = "model")))]
#[allow(unused_imports, reason = "each mode uses its part")]
pub(crate) use of_the_cpu::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, ROOM, spin_loop};
#[cfg(all(test, feature = "model"))]
pub use of_the_model::MAX_CPUS;
#[cfg(all(test, feature = "model"))]
pub(crate) use of_the_model::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, ROOM, spin_loop};
