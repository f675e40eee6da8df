//! Programs in C, in the shape of JOS's own, that only know the interface: the kernel has to run them unchanged.
//!
//! Their sources are in `tests/foreign`. Names ending in 2 and 3 are the same programs with other completions of fork,
//! IPC and the page-fault upcall, as different students write them.

use std::process::Command;

use anyhow::{Context, Result, bail};
use jos::paths;

use crate::case::Case;

/// Compiles and links all of them.
pub(crate) fn build() -> Result<()> {
    let script = paths::root().join("scripts/host/tests/foreign/build.sh");
    let answer = Command::new(&script).arg(folder()).output().context("cannot run tests/foreign/build.sh")?;
    if !answer.status.success() {
        bail!("the programs in C did not build:\n{}", String::from_utf8_lossy(&answer.stderr));
    }
    Ok(())
}

/// Where the program of a case is.
pub(crate) fn path(name: &str) -> String {
    folder().join(name).display().to_string()
}

fn folder() -> std::path::PathBuf {
    paths::products().join("foreign")
}

/// A program that checks something itself and says so in one line.
const fn checks(name: &'static str, programs: &'static [&'static str], required: &'static [&'static str]) -> Case {
    Case { name, programs, required, forbidden: &[".*FAILED", ".*MISMATCH", ".*ran on two CPUs at once"], ..Case::BASE }
}

const FREE: &str = ".{10} free env 00001000";

/// Cases of this group.
pub(crate) const CASES: &[Case] = &[
    checks("c_abi_errors", &["c_abi_errors"], &["c_abi_errors: ok"]),
    checks("c_abi_ipc", &["c_abi_ipc"], &["c_abi_ipc receiver: ok", "c_abi_ipc: ok"]),
    checks("c_abi_ipc2", &["c_abi_ipc2"], &["c_abi_ipc receiver: ok", "c_abi_ipc: ok"]),
    checks("c_abi_ipc3", &["c_abi_ipc3"], &["c_abi_ipc receiver: ok", "c_abi_ipc: ok"]),
    checks("c_abi_layout", &["c_abi_layout"], &["c_abi_layout: ok"]),
    checks("c_abi_regs", &["c_abi_regs"], &["c_abi_regs child: ok", "c_abi_regs: ok"]),
    checks("c_abi_regs2", &["c_abi_regs2"], &["c_abi_regs child: ok", "c_abi_regs: ok"]),
    checks("c_abi_regs3", &["c_abi_regs3"], &["c_abi_regs child: ok", "c_abi_regs: ok"]),
    checks("c_args", &["c_args"], &["c_args: ok"]),
    checks("c_buggy", &["c_buggy"], &["c_buggy: ok"]),
    checks("c_buggy2", &["c_buggy2"], &["c_buggy: ok"]),
    checks("c_buggy3", &["c_buggy3"], &["c_buggy: ok"]),
    checks("c_divzero", &["c_divzero"], &["  trap 0x00000000 Divide error", FREE]),
    checks("c_dumbfork", &["c_dumbfork"], &["9: I am the parent!", "19: I am the child!"]),
    checks("c_env", &["c_env"], &["c_env: ok"]),
    checks("c_env2", &["c_env2"], &["c_env: ok"]),
    checks("c_env3", &["c_env3"], &["c_env: ok"]),
    checks("c_exhaust", &["c_exhaust"], &["c_exhaust: ok"]),
    checks(
        "c_faultalloc",
        &["c_faultalloc"],
        &["this string was faulted in at deadbeef", "fault cafec000", "this string was faulted in at cafebffe"],
    ),
    checks(
        "c_faultalloc2",
        &["c_faultalloc2"],
        &["this string was faulted in at deadbeef", "fault cafec000", "this string was faulted in at cafebffe"],
    ),
    checks(
        "c_faultalloc3",
        &["c_faultalloc3"],
        &["this string was faulted in at deadbeef", "fault cafec000", "this string was faulted in at cafebffe"],
    ),
    checks(
        "c_faultbadhandler",
        &["c_faultbadhandler"],
        &[".00001000. user_mem_check assertion failure for va (deadb|eebfe)...", FREE],
    ),
    checks("c_faultframe", &["c_faultframe"], &["c_faultframe: ok"]),
    checks("c_faultframe2", &["c_faultframe2"], &["c_faultframe: ok"]),
    checks("c_faultframe3", &["c_faultframe3"], &["c_faultframe: ok"]),
    checks(
        "c_faultnostack",
        &["c_faultnostack"],
        &[".00001000. user_mem_check assertion failure for va eebfff..", FREE],
    ),
    checks("c_faultregs", &["c_faultregs"], &["c_faultregs: ok"]),
    checks("c_faultregs2", &["c_faultregs2"], &["c_faultregs: ok"]),
    checks("c_faultregs3", &["c_faultregs3"], &["c_faultregs: ok"]),
    checks(
        "c_forktree",
        &["c_forktree"],
        &["....: I am ''", "....: I am '000'", "....: I am '010'", "....: I am '111'"],
    ),
    checks(
        "c_forktree2",
        &["c_forktree2"],
        &["....: I am ''", "....: I am '000'", "....: I am '010'", "....: I am '111'"],
    ),
    checks(
        "c_forktree3",
        &["c_forktree3"],
        &["....: I am ''", "....: I am '000'", "....: I am '010'", "....: I am '111'"],
    ),
    checks("c_hello", &["c_hello"], &["hello, world", "i am environment 00001000"]),
    checks("c_lifo", &["c_lifo"], &["c_lifo: ok"]),
    checks("c_pingpong", &["c_pingpong"], &["send 0 from 1000 to ", "[0-9a-f]+ got 9 from ", "[0-9a-f]+ got 10 from "]),
    checks(
        "c_pingpong2",
        &["c_pingpong2"],
        &["send 0 from 1000 to ", "[0-9a-f]+ got 9 from ", "[0-9a-f]+ got 10 from "],
    ),
    checks(
        "c_pingpong3",
        &["c_pingpong3"],
        &["send 0 from 1000 to ", "[0-9a-f]+ got 9 from ", "[0-9a-f]+ got 10 from "],
    ),
    checks("c_primes", &["c_primes"], &["(.*)CPU .+: 2 ", "(.*)CPU .+: 293 "]),
    checks("c_primes2", &["c_primes2"], &["(.*)CPU .+: 2 ", "(.*)CPU .+: 293 "]),
    checks("c_primes3", &["c_primes3"], &["(.*)CPU .+: 2 ", "(.*)CPU .+: 293 "]),
    checks("c_sendpage", &["c_sendpage"], &["child received correct message", "parent received correct message"]),
    checks("c_sendpage2", &["c_sendpage2"], &["child received correct message", "parent received correct message"]),
    checks("c_sendpage3", &["c_sendpage3"], &["child received correct message", "parent received correct message"]),
    checks("c_spin", &["c_spin"], &["I am the parent.  Killing the child...", "c_spin: ok"]),
    checks("c_spin2", &["c_spin2"], &["I am the parent.  Killing the child...", "c_spin: ok"]),
    checks("c_spin3", &["c_spin3"], &["I am the parent.  Killing the child...", "c_spin: ok"]),
    checks("c_start", &["c_start"], &["c_start: ok"]),
    checks("c_stresssched", &["c_stresssched"], &[".{10} stresssched on CPU "]),
    checks("c_stresssched2", &["c_stresssched2"], &[".{10} stresssched on CPU "]),
    checks("c_stresssched3", &["c_stresssched3"], &[".{10} stresssched on CPU "]),
    checks("c_testbss", &["c_testbss"], &[FREE]),
    checks("c_args_given", &["c_args:one:two"], &["argv.1. = 'one'", "argv.2. = 'two'", "c_args: ok"]),
    checks(
        "c_faultbadhandler_guard",
        &["c_faultbadhandler:guard"],
        &[".00001000. user_mem_check assertion failure for va (deadb|eebfe)...", FREE],
    ),
];
