//! Atomic words: the processor's.
//!
//! For the files whose protocols are checked with weaker memory: `kernel/model` includes them, and has other words under
//! these names.

pub use core::sync::atomic::{AtomicBool, AtomicU32, Ordering, fence};
