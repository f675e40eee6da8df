//! `print!`, `println!`, and the kernel log.
//!
//! A message is JOS's interface when it is printed, and a remark to whoever works on the kernel when it is logged:
//! programs and graders read the one, `log=LEVEL` on the command line chooses how much there is of the other.

use log::{LevelFilter, Log, Metadata, Record};

use crate::cpu;

/// Prints one message to the console, as `format!` makes it.
#[macro_export]
macro_rules! print {
    ($($args:tt)*) => {
        $crate::console::write_fmt(format_args!($($args)*))
    };
}

/// Prints one message and a line feed.
#[macro_export]
macro_rules! println {
    () => {
        $crate::print!("\n")
    };
    ($($args:tt)*) => {
        $crate::print!("{}\n", format_args!($($args)*))
    };
}

/// The `log` crate's way to the console.
struct KernelLog;

static KERNEL_LOG: KernelLog = KernelLog;

/// Sends what the kernel logs at `level` and above to the console. Nothing is logged before.
pub fn init_log(level: LevelFilter) {
    // It fails if there is a logger already, which is then this one.
    let _ = log::set_logger(&KERNEL_LOG);
    log::set_max_level(level);
}

impl Log for KernelLog {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        // The macros have compared the level already.
        true
    }

    fn log(&self, record: &Record<'_>) {
        let level = match record.level() {
            log::Level::Error => "error",
            log::Level::Warn => "warn",
            log::Level::Info => "info",
            log::Level::Debug => "debug",
            log::Level::Trace => "trace",
        };
        println!("[{}] {level}: {}", cpu::index(), record.args());
    }

    fn flush(&self) {}
}
