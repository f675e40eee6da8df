//! Arguments that several sub-commands share.

use clap::Args;

use crate::kernel_build::{Build, Mode, Profile};
use crate::qemu::{Accel, MAX_CPUS, Threads};

/// The machine to boot.
#[derive(Args, Clone, Debug)]
pub struct MachineOptions {
    /// Number of CPUs of the guest.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=i64::from(MAX_CPUS)))]
    pub cpus: u16,
    /// Memory of the guest.
    #[arg(long, value_name = "MIB", default_value_t = 128, value_parser = clap::value_parser!(u32).range(4..=3072))]
    pub memory: u32,
    /// What executes the guest.
    #[arg(long, value_enum, default_value_t = Accel::Tcg)]
    pub accel: Accel,
    /// Host threads of TCG: one for each CPU or one for all [default: multi up to 8 CPUs, else single].
    #[arg(long, value_enum)]
    pub threads: Option<Threads>,
}

/// The kernel to use.
#[derive(Args, Clone, Copy, Debug)]
pub struct KernelOptions {
    /// Fine-grained locks, or one big lock.
    #[arg(long, value_enum, default_value_t = Build::Fine)]
    pub build: Build,
    /// With checks, or optimised.
    #[arg(long, value_enum, default_value_t = Profile::Debug)]
    pub profile: Profile,
    /// How much is watched of the locks [default: order with checks, else off].
    #[arg(long, value_enum)]
    pub mode: Option<Mode>,
}
