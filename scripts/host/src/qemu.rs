//! QEMU's command line. The only module that knows it.
//!
//! A [`Machine`] says what to boot and on how many CPUs; [`Machine::command`] turns it into a process to
//! start. `guest` starts and watches it; `outcome` knows what the process' end means.

use std::ffi::OsString;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

/// The emulator for 32-bit PCs, if the environment names no other.
const PROGRAM: &str = "qemu-system-i386";

/// The variable of the environment that names another one: a path, or a name to look for.
const CHOICE: &str = "JOS_QEMU";

/// The port through which the kernel ends QEMU. A value v written there ends it with status 2v + 1.
const DEBUG_EXIT: &str = "isa-debug-exit,iobase=0x501,iosize=0x04";

/// QEMU's `pc` machine has no more: beyond 255 CPUs the ids need x2APIC, which TCG lacks.
pub const MAX_CPUS: u16 = 255;

/// Up to this many CPUs the guest gets a host thread per CPU: real concurrency, real races. With more, on
/// an ordinary host, threads that hold a lock are preempted so often that waiting is all that is left;
/// one thread that takes turns is then faster by orders of magnitude.
pub(crate) const MAX_MULTI_CPUS: u16 = 8;

/// What executes the guest's instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Accel {
    /// QEMU's translator. Works everywhere.
    Tcg,
    /// The host's processor.
    Kvm,
}

/// Host threads of the translator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Threads {
    /// One for each CPU of the guest.
    Multi,
    /// One for all; CPUs take turns.
    Single,
}

/// A file handed to the kernel beside its own image: a program, or the symbol table.
#[derive(Clone, Debug)]
pub struct Module {
    /// The name under which the kernel finds it.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

/// What the machine starts from.
#[derive(Clone, Debug)]
pub enum Boot {
    /// QEMU's own Multiboot loader.
    Kernel {
        /// The kernel's ELF file.
        image: PathBuf,
        /// The words of the kernel's command line.
        words: Vec<String>,
        /// The modules, in order.
        modules: Vec<Module>,
    },
    /// A CD image with a boot loader on it.
    Cd(PathBuf),
}

/// A machine to boot.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Guest CPUs, 1 to [`MAX_CPUS`].
    pub cpus: u16,
    /// Guest memory in MiB.
    pub memory: u32,
    /// What executes the guest.
    pub accel: Accel,
    /// Host threads; `None` picks by the number of CPUs.
    pub threads: Option<Threads>,
    /// Wait for gdb on port 1234 before the first instruction.
    pub gdb: bool,
    /// What to start.
    pub boot: Boot,
    /// More arguments for QEMU, as given by the user.
    pub extra: Vec<OsString>,
}

impl Machine {
    /// The threads in force.
    pub fn threads(&self) -> Threads {
        let fitting = if self.cpus <= MAX_MULTI_CPUS { Threads::Multi } else { Threads::Single };
        self.threads.unwrap_or(fitting)
    }

    /// The process to start. Files are passed by links in `staging`, an empty folder whose path has
    /// neither blanks nor commas: both are separators in the argument that names the modules.
    ///
    /// # Errors
    /// When a link cannot be made, or the number of CPUs is out of range.
    pub fn command(&self, staging: &Path) -> Result<Command> {
        if self.cpus == 0 || self.cpus > MAX_CPUS {
            bail!("--cpus has to be from 1 to {MAX_CPUS}");
        }
        let accel = match (self.accel, self.threads()) {
            (Accel::Kvm, _) => "kvm",
            (Accel::Tcg, Threads::Multi) => "tcg,thread=multi",
            (Accel::Tcg, Threads::Single) => "tcg,thread=single",
        };
        let mut command = Command::new(program());
        command.args(["-machine", "pc", "-accel", accel]);
        command.args(["-smp", &self.cpus.to_string(), "-m", &self.memory.to_string()]);
        // A triple fault ends QEMU (status 0) in place of a silent reboot.
        command.args(["-no-reboot", "-display", "none", "-nic", "none"]);
        command.args(["-monitor", &format!("unix:{},server=on,wait=off", monitor(staging).display())]);
        command.args(["-serial", "stdio", "-device", DEBUG_EXIT]);
        if self.gdb {
            command.args(["-s", "-S"]);
        }
        match &self.boot {
            Boot::Kernel { image, words, modules } => {
                command.arg("-kernel").arg(link(image, &staging.join("kernel"))?);
                command.args(["-append", &words.join(" ")]);
                if !modules.is_empty() {
                    command.args(["-initrd", &initrd(modules, staging)?]);
                }
            }
            Boot::Cd(image) => {
                command.arg("-cdrom").arg(link(image, &staging.join("cd.iso"))?);
                command.args(["-boot", "d"]);
            }
        }
        command.args(&self.extra);
        Ok(command)
    }
}

/// Where the monitor of a machine listens that was started with `staging`.
pub(crate) fn monitor(staging: &Path) -> PathBuf {
    staging.join("monitor")
}

/// The list of modules in QEMU's form: paths with commas between.
fn initrd(modules: &[Module], staging: &Path) -> Result<String> {
    let folder = staging.join("modules");
    std::fs::create_dir(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let paths = modules.iter().map(|module| {
        let path = link(&module.path, &folder.join(&module.name))?;
        Ok(path.display().to_string())
    });
    Ok(paths.collect::<Result<Vec<_>>>()?.join(","))
}

fn link(original: &Path, name: &Path) -> Result<PathBuf> {
    let original = std::path::absolute(original)?;
    symlink(&original, name).with_context(|| format!("cannot link to {}", original.display()))?;
    Ok(name.to_owned())
}

/// The emulator.
fn program() -> OsString {
    std::env::var_os(CHOICE).filter(|name| !name.is_empty()).unwrap_or_else(|| PROGRAM.into())
}

/// The first line of what it says to `--version`.
///
/// # Errors
/// When QEMU is not there.
pub fn version() -> Result<String> {
    let program = program();
    let answer = Command::new(&program).arg("--version").output();
    let answer = answer.with_context(|| format!("cannot run {}", program.display()))?;
    let text = String::from_utf8_lossy(&answer.stdout);
    Ok(text.lines().next().unwrap_or("QEMU of unknown version").to_owned())
}
