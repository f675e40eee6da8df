//! Environments as programs see them: ids, status, and the record at [`crate::layout::UENVS`].
//!
//! JOS: `inc/env.h`.

use core::fmt;
use core::sync::atomic::AtomicU32;

/// How many environments there can be.
pub const NENV: usize = 1024;

/// `ENV_TYPE_USER`, the only type there is up to lab 4.
pub const ENV_TYPE_USER: u32 = 0;

/// An environment's id: `generation << 12 | slot`, positive, slot in the low ten bits.
///
/// 0 is no id: as an argument it means "the caller", as a parent "the kernel".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct EnvId(pub u32);

impl EnvId {
    /// "The caller" as an argument, "the kernel" as a parent, "no env" in messages.
    pub const NONE: EnvId = EnvId(0);

    /// `ENVX`: the slot this id names.
    pub const fn slot(self) -> usize {
        self.0 as usize & (NENV - 1)
    }

    /// The id of the next tenant of `slot`, after a tenant with this id (0: none yet).
    ///
    /// Wraps to the first generation before the sign bit would be set.
    #[must_use]
    pub const fn successor(self, slot: usize) -> EnvId {
        let generation = self.0.wrapping_add(1 << 12) & !(NENV as u32 - 1);
        let generation = if generation.cast_signed() <= 0 { 1 << 12 } else { generation };
        EnvId(generation | slot as u32)
    }
}

impl fmt::Display for EnvId {
    /// Eight hexadecimal digits, as JOS prints ids.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

/// `env_status` as programs see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum EnvStatus {
    /// The slot is free.
    Free = 0,
    /// Destroyed, but still on a CPU.
    Dying = 1,
    /// Waiting for a CPU.
    Runnable = 2,
    /// On a CPU.
    Running = 3,
    /// Blocked in `ipc_recv`, or told not to run.
    NotRunnable = 4,
}

/// What programs see of an environment: JOS's `struct Env`, 124 bytes.
///
/// Each word is written by the kernel alone, one at a time, so a reader sees no torn word but may see
/// two words of different moments.
#[derive(Debug)]
#[repr(C)]
pub struct EnvRecord {
    /// `env_tf`: the registers when the env last left a CPU.
    pub tf: [AtomicU32; 17],
    /// `env_link`: a kernel pointer in JOS; always 0 here.
    pub link: AtomicU32,
    /// `env_id`
    pub id: AtomicU32,
    /// `env_parent_id`
    pub parent_id: AtomicU32,
    /// `env_type`
    pub kind: AtomicU32,
    /// `env_status`, an [`EnvStatus`]
    pub status: AtomicU32,
    /// `env_runs`: how often the env was put on a CPU.
    pub runs: AtomicU32,
    /// `env_cpunum`: the CPU it is on, or was last on.
    pub cpunum: AtomicU32,
    /// `env_pgdir`: a kernel pointer in JOS; the directory's kernel address here too.
    pub pgdir: AtomicU32,
    /// `env_pgfault_upcall`
    pub pgfault_upcall: AtomicU32,
    /// `env_ipc_recving`: a byte in JOS, little-endian, the other three being padding.
    pub ipc_recving: AtomicU32,
    /// `env_ipc_dstva`
    pub ipc_dstva: AtomicU32,
    /// `env_ipc_value`
    pub ipc_value: AtomicU32,
    /// `env_ipc_from`
    pub ipc_from: AtomicU32,
    /// `env_ipc_perm`
    pub ipc_perm: AtomicU32,
}

const _: () = {
    use core::mem::offset_of;
    assert!(size_of::<EnvRecord>() == 124);
    assert!(offset_of!(EnvRecord, link) == 68);
    assert!(offset_of!(EnvRecord, id) == 72);
    assert!(offset_of!(EnvRecord, parent_id) == 76);
    assert!(offset_of!(EnvRecord, kind) == 80);
    assert!(offset_of!(EnvRecord, status) == 84);
    assert!(offset_of!(EnvRecord, runs) == 88);
    assert!(offset_of!(EnvRecord, cpunum) == 92);
    assert!(offset_of!(EnvRecord, pgdir) == 96);
    assert!(offset_of!(EnvRecord, pgfault_upcall) == 100);
    assert!(offset_of!(EnvRecord, ipc_recving) == 104);
    assert!(offset_of!(EnvRecord, ipc_dstva) == 108);
    assert!(offset_of!(EnvRecord, ipc_value) == 112);
    assert!(offset_of!(EnvRecord, ipc_from) == 116);
    assert!(offset_of!(EnvRecord, ipc_perm) == 120);
    assert!(NENV * size_of::<EnvRecord>() == 31 * crate::layout::PGSIZE as usize);
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_jos() {
        assert_eq!(EnvId::NONE.successor(0), EnvId(0x1000));
        assert_eq!(EnvId::NONE.successor(5), EnvId(0x1005));
        assert_eq!(EnvId(0x1005).successor(5), EnvId(0x2005));
        assert_eq!(EnvId(0x7fff_f005).successor(5), EnvId(0x1005));
        assert_eq!(EnvId(0x2005).slot(), 5);
    }
}
