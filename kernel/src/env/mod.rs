//! Environments.
//!
//! An env's state is split by who may touch it, and each part is a type of its own:
//!
//! * [`Life`], under the life lock: id, parent, whether it may run, in which queue it waits;
//! * [`Mailbox`], under the ipc lock: what it waits for;
//! * [`Space`], under the vm lock: its memory;
//! * [`crate::presence`]: which CPU it is on, written by that CPU alone;
//! * the record at UENVS: words for programs to read. `env_tf` in it is the saved frame: it belongs to whoever the
//!   env belongs to, the CPU it is on, else the holder of its life lock.
//!
//! Each lock's data names its tenant, so a stale id is refused under the lock that guards the act.

pub mod current;
pub mod exit;
pub mod life;
pub mod load;
pub mod program;
pub mod table;

pub use current::{Current, OnCpu};
pub use life::{Life, Mailbox};
pub use table::records_address;

use core::sync::atomic::AtomicU32;

use crate::cpu::SpinLock;
use crate::mm::space::Space;

/// One env slot: its three locks.
pub struct Env {
    /// See [`Life`].
    pub life: SpinLock<Life>,
    /// See [`Mailbox`].
    pub mailbox: SpinLock<Mailbox>,
    /// See [`Space`].
    pub space: SpinLock<Space>,
    /// Slot + 1 of the env that refused this one's last message, until it yields. Only the CPU the env is on touches it.
    pub refused_by: AtomicU32,
}
