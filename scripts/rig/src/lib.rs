//! A plugin for QEMU that turns its CPUs into a parallel machine in virtual time.
//!
//! Loaded twice: as a plugin (`-plugin librig.so,…`) and before all libraries (`LD_PRELOAD`), the latter to give QEMU a
//! clock of ours. Exactly one CPU of the guest runs at any moment, the one with the least virtual time, so figures do
//! not depend on the host. One tick is one instruction.
//!
//! ```text
//! api, host      QEMU's and the C library's functions, declared by hand       (unsafe code is here, and in `clock`,
//! settings       what the command line says                                    `lines` and the callbacks' entries)
//! translate      looks at each instruction once (`decode`) and hangs callbacks on it
//! cpu            what is known of one CPU: its time, its state
//! turn, events   whose turn it is; what changes that
//! habits         which writes have to be in order of time
//! halt           when a CPU that has halted is woken
//! hold           what stops all CPUs for a moment
//! clock          QEMU's own clock and main loop as one more actor
//! memory, lines  each access: time stamps, what waits for the line, the model of caches
//! spin, stack    loops with `pause`: where time is lost, and CPUs that need not run until somebody writes
//! footprint      which lines of memory the kernel touches for which operation
//! window         marks, accounts, the results
//! trace          events that a traced kernel tells of
//! watchdog       lets go of CPUs out of turn when nothing moves
//! ```
//!
//! Everything shared is an atomic with relaxed order: one CPU runs at a time, and turns change hands under a mutex.

mod api;
mod clock;
mod cpu;
mod decode;
mod events;
mod footprint;
mod habits;
mod halt;
mod hold;
mod host;
mod lines;
mod memory;
mod settings;
mod spin;
mod stack;
mod trace;
mod translate;
mod turn;
mod watchdog;
mod window;

use std::ffi::{c_char, c_int};

use crate::api::{Info, PluginId};

/// QEMU calls this once, before there are CPUs. 0 is success.
///
/// # Safety
/// `info` and the `argc` strings at `argv` are QEMU's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qemu_plugin_install(
    id: PluginId,
    info: *const Info,
    argc: c_int,
    argv: *const *const c_char,
) -> c_int {
    // SAFETY: the caller's promise.
    let words = unsafe { host::words(argc, argv) };
    // SAFETY: the caller's promise.
    let info = unsafe { &*info };
    match start(id, info, &words) {
        Ok(()) => 0,
        Err(why) => {
            eprintln!("rig: {why}");
            1
        }
    }
}

fn start(id: PluginId, info: &Info, words: &[String]) -> Result<(), String> {
    if !info.system_emulation {
        return Err("this is for whole machines, not for programs".to_owned());
    }
    let settings = settings::set(words)?;
    api::find(info.version.current)?;
    clock::start()?;
    host::pin(settings.core);
    lines::allocate(settings.memory);
    turn::start(settings.seed);
    trace::start();
    watchdog::start();
    api::listen(id);
    Ok(())
}
