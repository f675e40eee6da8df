//! One run of QEMU with the plugin.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Instant;

use anyhow::{Context, Result};

use super::{Events, Point, Settings, plugin, results};
use crate::guest::{self, Event, Guest};
use crate::interrupt;
use crate::kernel_build::Image;
use crate::outcome::Ended;
use crate::programs::{self, Program};
use crate::qemu::{Accel, Boot, Machine, Threads};
use crate::serial::Splitter;

/// MiB of guest memory.
const MEMORY: u32 = 128;

/// The file of the results, in the temporary folder.
const OUTPUT: &str = "results";

/// How much of the guest's last words goes into a complaint.
const LAST_LINES: usize = 5;

/// Boots the machine, waits until the plugin has ended it, and reads what it left. `model`: with the model of caches.
pub(super) fn run(
    image: &Image,
    program: &Program,
    cpus: u16,
    settings: &Settings,
    model: Option<u32>,
) -> Result<Result<Point, String>> {
    let staging = guest::staging().context("cannot create a temporary folder")?;
    let words = arguments(settings, model);
    let last_words = match boot(image, program, cpus, settings, staging.path(), words, ExitStatus::success)? {
        Ok(words) => words,
        Err(why) => return Ok(Err(why)),
    };
    match fs::read_to_string(staging.path().join(OUTPUT)) {
        Ok(text) => results::read(&text),
        // A machine that resets itself, or that somebody ends by a signal, has the same status as a good one.
        Err(_) => Ok(Err(format!("QEMU ended before the window closed: {last_words}"))),
    }
}

/// The same with a traced kernel: gives what the plugin noted. The guest may end by itself before the window closes.
pub(super) fn trace(
    image: &Image,
    program: &Program,
    cpus: u16,
    settings: &Settings,
    events: &Events,
) -> Result<Result<String, String>> {
    let staging = guest::staging().context("cannot create a temporary folder")?;
    let file = staging.path().join("trace");
    let mut words = arguments(settings, None);
    words.push(format!(",trace_bytes={},trace_count={}", events.bytes, events.count));
    if let Some(opens) = events.opens {
        words.push(format!(",trace_opens={opens}"));
    }
    words.push(",trace=");
    words.push(&file);
    let is_fine = |status: &ExitStatus| status.success() || Ended::from_status(*status) == Ended::Good;
    if let Err(why) = boot(image, program, cpus, settings, staging.path(), words, is_fine)? {
        return Ok(Err(why));
    }
    Ok(Ok(fs::read_to_string(&file).context("the plugin left no trace")?))
}

/// Boots the machine with the plugin and waits for its end, which is well if `is_fine` says so. Gives back its last words.
fn boot(
    image: &Image,
    program: &Program,
    cpus: u16,
    settings: &Settings,
    staging: &Path,
    words: OsString,
    is_fine: impl Fn(&ExitStatus) -> bool,
) -> Result<Result<String, String>> {
    let plugin = plugin::build()?;
    // The loader takes it twice, as a plugin and before all libraries, and both have separators of their own.
    let link = staging.join("librig.so");
    symlink(&plugin, &link).with_context(|| format!("cannot link to {}", plugin.display()))?;
    let mut machine = machine(image, program, cpus)?;
    let mut argument = link.as_os_str().to_owned();
    argument.push(words);
    argument.push(",output=");
    argument.push(staging.join(OUTPUT));
    // The clock with date and time has to be the guest's, too: the host's says something else each time.
    machine.extra = vec!["-rtc".into(), "base=2000-01-01,clock=vm".into(), "-plugin".into(), argument];
    let guest = Guest::boot_with(&machine, Stdio::null(), |command| {
        command.env("LD_PRELOAD", &link);
    })?;
    wait(guest, settings, is_fine)
}

fn machine(image: &Image, program: &Program, cpus: u16) -> Result<Machine> {
    let words = vec!["poweroff".to_owned(), "quiet".to_owned(), program.word()];
    let modules = programs::modules(std::slice::from_ref(program), &image.programs)?;
    Ok(Machine {
        cpus,
        memory: MEMORY,
        accel: Accel::Tcg,
        // The plugin holds a CPU by holding its thread.
        threads: Some(Threads::Multi),
        gdb: false,
        boot: Boot::Kernel { image: image.boot.clone(), words, modules },
        extra: Vec::new(),
    })
}

fn arguments(settings: &Settings, model: Option<u32>) -> OsString {
    let mut text = OsString::new();
    let numbers = [
        ("seed", settings.seed),
        ("quantum", settings.quantum.into()),
        ("warmup", settings.warmup),
        ("window", settings.window),
        ("nanoseconds", settings.nanoseconds.into()),
        ("model", model.unwrap_or(0).into()),
        ("footprints", settings.footprints.into()),
        ("core", settings.core as u64),
        ("memory", MEMORY.into()),
    ];
    for (name, number) in numbers {
        text.push(format!(",{name}={number}"));
    }
    text
}

/// Waits for the end of QEMU. The inner error says why there can be no result.
fn wait(
    mut guest: Guest,
    settings: &Settings,
    is_fine: impl Fn(&ExitStatus) -> bool,
) -> Result<Result<String, String>> {
    let deadline = Instant::now() + settings.limit;
    let (mut splitter, mut lines, mut messages) = (Splitter::default(), Vec::new(), String::new());
    loop {
        match guest.next(Some(deadline)) {
            Event::Serial(at, bytes) => {
                lines.extend(splitter.push(at, &bytes).into_iter().map(|line| line.text));
                if splitter.partial() == "K> " {
                    return Ok(Err(format!("the program ended in the monitor: {}", tail(&lines))));
                }
            }
            Event::Message(bytes) => messages.push_str(&String::from_utf8_lossy(&bytes)),
            Event::TimeUp => return Ok(Err(format!("no end within {} s of the host", settings.limit.as_secs()))),
            Event::Interrupted => return Ok(Err("interrupted".to_owned())),
            // The signal may have reached QEMU first.
            Event::Ended if interrupt::seen() => return Ok(Err("interrupted".to_owned())),
            Event::Ended => break,
        }
    }
    let status = guest.finish()?;
    let last_words = format!("{} {}", messages.trim(), tail(&lines));
    if is_fine(&status) {
        return Ok(Ok(last_words));
    }
    Ok(Err(format!("QEMU ended with {status} before the window closed: {last_words}")))
}

fn tail(lines: &[String]) -> String {
    lines[lines.len().saturating_sub(LAST_LINES)..].join(" / ")
}
