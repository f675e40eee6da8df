//! What the kernel was told at boot: the command line's options, and the files handed over.
//!
//! The command line is words. `quiet`, `poweroff`, `log=LEVEL` are options; the first word is the kernel's own path, which
//! QEMU puts there, if it has a slash in it or starts with `kernel`; any other word names a program to start, with arguments behind colons.

use core::str::FromStr;

use log::LevelFilter;
use spin::{Mutex, MutexGuard, Once};

use crate::debug_options;
use crate::mm::phys;
use crate::x86::boot_info::{self, BootInfo};

/// Where [`INFO`] is. Locked once, for good.
static ROOM: Mutex<BootInfo> = Mutex::new(BootInfo::EMPTY);
static INFO: Once<&'static BootInfo> = Once::new();
static OPTIONS: Once<Options> = Once::new();

/// What the command line asks for, besides programs.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// No lines when envs come and go.
    pub quiet: bool,
    /// Leave QEMU instead of entering the monitor at the end.
    pub poweroff: bool,
    /// What the kernel log shows.
    pub log: LevelFilter,
}

const DEFAULT: Options = Options { quiet: false, poweroff: false, log: LevelFilter::Warn };

/// A file that the boot loader put into memory.
#[derive(Clone, Copy, Debug)]
pub struct File {
    /// Its name, without folders and arguments.
    pub name: &'static str,
    /// Its contents.
    pub bytes: &'static [u8],
}

/// Reads what the boot loader left, before anything can overwrite it.
///
/// # Panics
/// When it was no Multiboot loader.
pub fn init(magic: u32, info: u32) {
    INFO.call_once(|| {
        let room = MutexGuard::leak(ROOM.lock());
        boot_info::read(magic, info, room).expect("started by a Multiboot loader");
        room
    });
    OPTIONS.call_once(|| Options::of(command_line()));
}

/// What the boot loader said.
///
/// # Panics
/// Before [`init`].
pub fn info() -> &'static BootInfo {
    INFO.get().expect("boot::init is the first thing the kernel does")
}

/// The options in force.
pub fn options() -> Options {
    OPTIONS.get().copied().unwrap_or(DEFAULT)
}

/// The words of the command line that name programs.
pub fn programs() -> impl Iterator<Item = &'static str> {
    programs_of(command_line())
}

/// What stands behind `key` in each word of the command line that begins with it.
pub fn values(key: &str) -> impl Iterator<Item = &'static str> {
    words(command_line()).filter_map(move |word| word.strip_prefix(key))
}

/// The files handed over, programs and others.
pub fn files() -> impl Iterator<Item = File> {
    info().modules().iter().map(|module| {
        let path = module.name.as_str().split_ascii_whitespace().next().unwrap_or("");
        let name = path.rsplit('/').next().unwrap_or(path);
        File { name, bytes: phys::boot_memory(module) }
    })
}

/// The file called `name`.
pub fn file(name: &str) -> Option<File> {
    files().find(|file| file.name == name)
}

fn command_line() -> &'static str {
    info().command_line.as_str()
}

fn programs_of(line: &str) -> impl Iterator<Item = &str> {
    let mut scratch = DEFAULT;
    words(line).filter(move |word| !scratch.apply(word))
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    let is_kernel = |word: &str| word.contains('/') || word.starts_with("kernel");
    line.split_ascii_whitespace().enumerate().filter(move |&(i, word)| i > 0 || !is_kernel(word)).map(|(_, word)| word)
}

impl Options {
    fn of(line: &str) -> Options {
        let mut options = DEFAULT;
        words(line).for_each(|word| {
            options.apply(word);
        });
        options
    }

    /// Applies a word if it is an option; says whether it was.
    fn apply(&mut self, word: &str) -> bool {
        if let Some(level) = word.strip_prefix("log=") {
            self.log = LevelFilter::from_str(level).unwrap_or(self.log);
            return true;
        }
        if debug_options::KEYS.iter().any(|key| word.starts_with(key)) {
            return true;
        }
        match word {
            "quiet" => self.quiet = true,
            "poweroff" => self.poweroff = true,
            _ => return false,
        }
        true
    }
}

/// Prints a line about an env coming or going, unless the command line says `quiet`.
#[macro_export]
macro_rules! lifecycle {
    ($($text:tt)*) => {
        $crate::console::might_print();
        if !$crate::boot::options().quiet {
            $crate::println!($($text)*);
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn programs_in(line: &str) -> Vec<&str> {
        programs_of(line).collect()
    }

    #[test]
    fn the_first_word_may_be_the_kernel() {
        assert_eq!(programs_in("build/jos hello primes"), ["hello", "primes"]);
        assert_eq!(programs_in("kernel-big hello"), ["hello"]);
        assert_eq!(programs_in("hello kernel"), ["hello", "kernel"]);
        // Further words with a slash are programs that do not exist, which is worth a message.
        assert_eq!(programs_in("/boot/kernel ./hello"), ["./hello"]);
        assert!(programs_in("/boot/kernel").is_empty() && programs_in("").is_empty() && programs_in(" \t ").is_empty());
    }

    #[test]
    fn options_stand_anywhere_and_are_no_programs() {
        let line = "quiet stress:7:100:ipc poweroff log=debug stress:8 log=loud";
        assert_eq!(programs_in(line), ["stress:7:100:ipc", "stress:8"]);
        let options = Options::of(line);
        // An unknown level changes nothing.
        assert!(options.quiet && options.poweroff && options.log == LevelFilter::Debug);
        let options = Options::of("hello Quiet logs");
        assert!(!options.quiet && !options.poweroff && options.log == LevelFilter::Warn);
        assert_eq!(Options::of("log=off").log, LevelFilter::Off);
    }
}
