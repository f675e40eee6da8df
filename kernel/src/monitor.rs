//! The kernel monitor: a prompt to look round from.
//!
//! Entered at a breakpoint and when nothing is runnable, with no lock held, by one CPU at a time; others that want it
//! wait halted. JOS: `kern/monitor.c`.

use core::sync::atomic::Ordering;

use abi::NENV;
use sync::Turn;
use sync::order::{self, Gate};

use crate::cpu::{self, This};
use crate::env::{Current, load, table};
use crate::mm::frame::Frame;
use crate::mm::{frame, page_table};
use crate::panic::Trace;
use crate::point::Point;
use crate::readline::{MAX_LINE, Prompt, readline};
use crate::trap::dump;
use crate::x86::{self, backtrace, qemu};
use crate::{audit, finish, monitor_locks, print, println, smp, window};

static TURN: Turn = Turn::new();

/// Whether the monitor goes on after a command.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    Prompt,
    Leave,
}

struct Command {
    name: &'static str,
    help: &'static str,
    run: fn(&[&str]) -> Then,
}

const COMMANDS: &[Command] = &[
    Command { name: "help", help: "Display this list of commands", run: help },
    Command { name: "kerninfo", help: "Display information about the kernel", run: kerninfo },
    Command { name: "backtrace", help: "Display the kernel's stack", run: backtrace },
    Command { name: "envs", help: "Display the environments", run: envs },
    Command { name: "cpus", help: "Display what every CPU runs", run: cpus },
    Command { name: "locks", help: "Display which CPU holds which locks", run: locks },
    Command {
        name: "lockgraph",
        help: "Display which locks were taken inside which, as DOT [--suggest]",
        run: lockgraph,
    },
    Command { name: "lockstat", help: "Display how long locks were waited for and held", run: lockstat },
    Command { name: "mappings", help: "Display what is mapped: mappings FIRST [LAST]", run: mappings },
    Command { name: "audit", help: "Check that the kernel's books agree", run: audit },
    Command { name: "run", help: "Start a program from the boot modules: run NAME[:ARG...]", run },
    Command { name: "continue", help: "Leave the monitor", run: |_| Then::Leave },
    Command { name: "poweroff", help: "Leave QEMU", run: |_| qemu::exit(qemu::Ending::Good) },
];

/// Enters the monitor because nothing is runnable.
pub fn enter() {
    occupied(|| {
        banner();
        read_commands();
    });
}

/// Enters the monitor because of a breakpoint in a program, which goes on afterwards.
pub fn breakpoint(current: &Current<'_>) {
    occupied(|| {
        banner();
        dump::incoming(current, None);
        read_commands();
    });
}

/// Reads and runs commands until one says to leave.
pub fn read_commands() {
    let mut line = [0; MAX_LINE];
    loop {
        let len = readline(&Prompt("K> "), &mut line);
        let text = core::str::from_utf8(&line[..len]).unwrap_or("?");
        if run_command(text) == Then::Leave {
            return;
        }
    }
}

/// Whether a CPU is in the monitor. What is typed then is for the monitor.
pub fn is_busy() -> bool {
    TURN.is_taken()
}

fn occupied(work: impl FnOnce()) {
    order::gate::<This>(Gate::Monitor);
    while !TURN.take() {
        window::at(Point::TurnedAway);
        audit::halt(x86::instr::sti_hlt_cli);
    }
    window::at(Point::Prompting);
    work();
    TURN.end();
}

fn banner() {
    println!("Welcome to the JOS kernel monitor!");
    println!("Type 'help' for a list of commands.");
}

fn run_command(text: &str) -> Then {
    const MAX_WORDS: usize = 15;
    let mut words = [""; MAX_WORDS];
    let mut count = 0;
    for word in text.split(['\t', '\r', '\n', ' ']).filter(|word| !word.is_empty()) {
        if count == MAX_WORDS {
            // JOS's words; the sixteenth place is its terminating null.
            println!("Too many arguments (max 16)");
            return Then::Prompt;
        }
        words[count] = word;
        count += 1;
    }
    let Some((name, arguments)) = words[..count].split_first() else { return Then::Prompt };
    if let Some(command) = COMMANDS.iter().find(|command| command.name == *name) {
        return (command.run)(arguments);
    }
    println!("Unknown command '{name}'");
    Then::Prompt
}

fn help(_: &[&str]) -> Then {
    COMMANDS.iter().for_each(|command| println!("{} - {}", command.name, command.help));
    Then::Prompt
}

fn kerninfo(_: &[&str]) -> Then {
    let image = x86::image::get();
    println!("Special kernel symbols:");
    println!("  _start                  {:08x} (phys)", image.start);
    let symbols = [("entry", image.entry), ("etext", image.etext), ("edata", image.edata), ("end", image.end)];
    for (name, va) in symbols {
        println!("  {name:<5}  {va:08x} (virt)  {:08x} (phys)", va - abi::layout::KERNBASE);
    }
    println!("Kernel executable memory footprint: {}KB", (image.end - image.entry).div_ceil(1024));
    Then::Prompt
}

fn backtrace(_: &[&str]) -> Then {
    print!("{}", Trace(backtrace::here()));
    Then::Prompt
}

fn envs(_: &[&str]) -> Then {
    let load = |word: &core::sync::atomic::AtomicU32| word.load(Ordering::Relaxed);
    println!("env      parent   status  cpu  runs");
    for record in (0..NENV).map(table::record).filter(|record| load(&record.status) != 0) {
        let status = ["free", "dying", "ready", "running", "waiting"].get(load(&record.status) as usize);
        let (id, parent) = (load(&record.id), load(&record.parent_id));
        let (cpu, runs) = (load(&record.cpunum), load(&record.runs));
        println!("{id:08x} {parent:08x} {:<7} {cpu:>3} {runs:>5}", status.unwrap_or(&"?"));
    }
    println!("{} env slots and {} of {} frames free", table::available(), frame::available(), frame::count());
    Then::Prompt
}

fn cpus(_: &[&str]) -> Then {
    for cpu in 0..smp::count() {
        match cpu::env_of(cpu) {
            Some(slot) => println!("CPU {cpu}: env {:08x}", table::record(slot).id.load(Ordering::Relaxed)),
            None => println!("CPU {cpu}: idle"),
        }
    }
    Then::Prompt
}

fn locks(_: &[&str]) -> Then {
    monitor_locks::locks();
    Then::Prompt
}

fn lockgraph(arguments: &[&str]) -> Then {
    monitor_locks::graph(arguments);
    Then::Prompt
}

fn lockstat(_: &[&str]) -> Then {
    monitor_locks::statistics();
    Then::Prompt
}

fn mappings(arguments: &[&str]) -> Then {
    let number = |text: &&str| u32::from_str_radix(text.trim_start_matches("0x"), 16).ok();
    let Some(first) = arguments.first().and_then(number) else {
        println!("mappings FIRST [LAST]: hexadecimal addresses");
        return Then::Prompt;
    };
    let last = arguments.get(1).and_then(number).unwrap_or(first);
    let Some(directory) = Frame::containing(x86::instr::read_cr3()) else { return Then::Prompt };
    for va in (first & !0xfff..=last).step_by(4096).take(1024) {
        if let Some(entry) = page_table::lookup(directory, va) {
            println!("{va:08x} -> {:08x} {:?}", entry.frame.address(), entry.flags);
        }
    }
    Then::Prompt
}

fn audit(_: &[&str]) -> Then {
    if !audit::on_demand() {
        finish::books();
    }
    Then::Prompt
}

fn run(arguments: &[&str]) -> Then {
    let Some(word) = arguments.first() else {
        println!("run NAME[:ARG...]");
        return Then::Prompt;
    };
    match load::start(word) {
        Ok(_) => Then::Leave,
        Err(why) => {
            println!("{word}: {why}");
            Then::Prompt
        }
    }
}
