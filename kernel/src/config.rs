//! The kernel's few fixed sizes.
//!
//! What programs can see is in `abi`; this is the rest.

/// The most CPUs the kernel runs on: xAPIC ids are bytes and 255 is the broadcast.
pub const NCPU: usize = 255;

/// CPUs with a kernel stack at JOS's address, in the 4 MiB below `KSTACKTOP`.
pub const NCPU_WIDE_STACK: usize = 64;

/// Bytes of a kernel stack beyond the first [`NCPU_WIDE_STACK`] CPUs. They share the device window with the
/// devices, so they get half the size; each still has an unmapped page below it.
pub const NARROW_STACK: u32 = 4 * abi::layout::PGSIZE;

/// How many frames a CPU keeps at hand, and how many it moves to or from the global list at once.
pub const FRAME_CACHE: usize = 64;
/// See [`FRAME_CACHE`].
pub const FRAME_BATCH: usize = 32;

/// How many env slots a CPU keeps at hand. It refills one by one, so that ids are handed out in JOS's order: the grader's
/// `primes` on four CPUs wants that, too.
pub const SLOT_CACHE: usize = 16;

/// Bytes that CPUs take from each other as one.
pub const CACHE_LINE: usize = 64;
