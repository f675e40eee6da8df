//! The kernel at its end: panics with each lock held and on two CPUs at once, the watch-dog's verdicts; and more than
//! anybody needs of ticks, interrupts, NMIs and output.

use std::collections::HashSet;

use jos::outcome::Ended;

use crate::case::{Case, Until};

const BASE: Case = Case { cpus: 2, limit: 90, ..Case::BASE };

/// A panic of whoever first passes a point of a play.
const fn panics(name: &'static str, programs: &'static [&'static str], options: &'static [&'static str]) -> Case {
    Case {
        name,
        programs,
        options,
        until: Until::Ended(Ended::Panic),
        required: &[
            "kernel panic on CPU [0-9]+ at kernel/src/window/crash.rs:[0-9]+: told to panic",
            "Stack backtrace:",
        ],
        ..BASE
    }
}

/// Cases of this group.
pub(crate) const CASES: &[Case] = &[
    panics("panic_holding_slot_cache", &["race:26"], &["crash=panic:got-slot-cache"]),
    panics("panic_holding_env_table", &["race:26"], &["crash=panic:got-env-table"]),
    panics("panic_holding_env_life", &["race:26"], &["crash=panic:got-env-life"]),
    panics("panic_holding_env_ipc", &["race:26"], &["crash=panic:got-env-ipc"]),
    panics("panic_holding_env_vm", &["race:26"], &["crash=panic:got-env-vm"]),
    // Thawed, then not frozen again before another CPU has picked it, which takes the lock of a queue.
    Case {
        windows: &[("%calling@0+1:picked@1", "")],
        ..panics("panic_holding_run_queue", &["race:106"], &["crash=panic:got-run-queue"])
    },
    panics("panic_holding_frame_cache", &["race:26"], &["crash=panic:got-frame-cache"]),
    panics("panic_holding_page_allocator", &["race:40"], &["crash=panic:got-page-allocator"]),
    panics("panic_holding_console", &["race:26"], &["crash=panic:got-console"]),
    // Both make a system call at the same time, and whoever wins waits until the other has lost, unless it has already.
    Case {
        required: &[
            "kernel panic on CPU [0-9]+ at kernel/src/window/crash.rs:[0-9]+: told to panic",
            "WINDOW %panicking:lost reached=1 met=(1 by=lost:1 early=0|0 early=1) timeout=0",
        ],
        judge: everyone_said_where,
        ..panics("race_36_panics_on_two_cpus", &["race:34"], &["crash=panic:calling", "window=%panicking:lost"])
    },
    // The other CPU is slow to stop, and its stack is in the report for all that.
    Case {
        windows: &[("stopping>stop-awaited+20", "stop-awaited+20")],
        judge: everyone_said_where,
        ..panics("panic_waits_for_the_others", &["race:34"], &["crash=panic:calling@1"])
    },
    // Nobody says anything into the report, nor goes on while it is written.
    Case {
        cpus: 4,
        required: &[
            // That env's own, before it has come to its hundredth call.
            "^shout 2 20 ",
            "kernel panic on CPU [0-9]+ at kernel/src/window/crash.rs:[0-9]+: told to panic",
            "Stack backtrace:",
        ],
        judge: nobody_shouts_after_the_panic,
        ..panics("panic_silences_the_others", &["shout:8:2000:open"], &["crash=panic:calling@3+100"])
    },
    Case {
        name: "watchdog_finds_a_live_lock",
        programs: &["race:34"],
        options: &["watchdog=2", "crash=loop:calling@1"],
        until: Until::Ended(Ended::LiveLock),
        required: &["kernel stuck on CPU [0-9]+: live-lock", "Stack backtrace:"],
        judge: everyone_said_where,
        ..BASE
    },
    // The page fault in the guard page can't be pushed on the stack.
    Case {
        name: "double_fault_of_a_stack_overflow",
        programs: &["race:34"],
        options: &["crash=overflow:calling@1"],
        until: Until::Ended(Ended::Panic),
        required: &[
            "  trap 0x00000008 Double Fault",
            "kernel panic on CPU [0-9]+ at .*: double fault: a kernel stack has probably overflowed",
            "Stack backtrace:",
            "CPU [01] ran env 00001001",
        ],
        judge: interrupted_in_the_crash,
        ..BASE
    },
    // Without `poweroff` there is the monitor, which needs the console that the dead kernel has locked.
    Case {
        name: "monitor_after_a_panic",
        programs: &["race:34"],
        options: &["crash=panic:got-console@1"],
        until: Until::Ended(Ended::Good),
        typed: &["nonsense", "poweroff"],
        required: &["kernel panic on CPU [0-9]+ at ", "K> nonsense", "Unknown command 'nonsense'"],
        ..BASE
    },
    // The CPU that stands still has the lock that the other one wants.
    Case {
        name: "checker_finds_a_deadlock",
        programs: &["race:34"],
        options: &["crash=hang:got-console@1"],
        windows: &[("%want-console@0:got-console@1", "")],
        until: Until::Ended(Ended::Stuck),
        required: &[
            "LOCKREPORT kind=stuck outer=console#0 inner=console#0 ",
            "  CPU [01] waits for nobody; it was here when this report stopped it:",
            "        [0-9a-f]{8} kernel/src/window/crash.rs:[0-9]+: ",
            "kernel stuck on CPU [0-9]+: ",
            "CPU [01] ran env ",
        ],
        judge: everyone_said_where,
        ..BASE
    },
    // The same, and two more CPUs that have nothing to do with it.
    Case {
        name: "checker_shows_every_cpu",
        programs: &["race:34"],
        options: &["crash=hang:got-console@1"],
        windows: &[("%want-console@0:got-console@1", "")],
        cpus: 4,
        until: Until::Ended(Ended::Stuck),
        required: &["        [0-9a-f]{8} kernel/src/x86/instr.rs:[0-9]+: kernel::x86::instr::sti_hlt_cli"],
        judge: everyone_said_where,
        ..BASE
    },
    // The receiver's CPU is halted when the message comes; the sender goes on in user mode.
    Case {
        name: "watchdog_finds_a_lost_wake_up",
        programs: &["race:30"],
        options: &["watchdog=2", "crash=deaf:calling@0"],
        windows: &[("%want-env-life@0:halting", "")],
        until: Until::Ended(Ended::LostWakeUp),
        required: &["kernel stuck on CPU [0-9]+: lost wake-up: an env is ready", "CPU [01] ran env "],
        judge: everyone_said_where,
        ..BASE
    },
    // All CPUs are halted, and none ends the kernel.
    Case {
        name: "watchdog_finds_an_end_that_nobody_sees",
        programs: &["race:30"],
        options: &["watchdog=2", "crash=blind:calling@0"],
        until: Until::Ended(Ended::LostWakeUp),
        required: &["race 30: ok", "kernel stuck on CPU [0-9]+: lost wake-up: every CPU is idle"],
        judge: everyone_said_where,
        ..BASE
    },
    // Three envs send in a circle. No lock has anything to do with it.
    Case {
        name: "watchdog_finds_senders_in_a_circle",
        programs: &["race:145"],
        options: &["watchdog=2"],
        until: Until::Ended(Ended::LiveLock),
        required: &[
            "  env 00001000 waits to send to env 00001002, refused [0-9]+ times",
            "  env 00001002 waits to send to env 00001001, refused [0-9]+ times",
            "  env 00001001 waits to send to env 00001000, refused [0-9]+ times",
            "  so env 0000100[012] waits for itself: a deadlock of the programs",
            "kernel stuck on CPU [0-9]+: live-lock: envs wait to send to each other",
        ],
        judge: everyone_said_where,
        ..BASE
    },
    Case {
        name: "watchdog_leaves_others_alone",
        programs: &["forktree", "pingpong", "spin"],
        options: &["watchdog=2"],
        cpus: 4,
        required: &["....: I am '111'"],
        ..BASE
    },
    // With the big lock, whoever sends them has it, and nobody else holds any other.
    Case { name: "nmis_with_locks_held", required: &["NMIS user=.* locked=[1-9]"], ..NMIS },
];

/// While programs run, at any place of the kernel.
const NMIS: Case = Case {
    name: "nmis",
    programs: &["forktree", "pingpong", "sendpage", "stress:7:150:4"],
    options: &["storm=20", "nmis=2"],
    cpus: 8,
    limit: 400,
    required: &[
        "....: I am '111'",
        "child received correct message",
        "STRESS seed=7 ok ops=[1-9]",
        "NMIS user=[1-9][0-9]* idle=[1-9][0-9]* between=[1-9][0-9]* kernel=[1-9]",
    ],
    ..BASE
};

/// What any kernel with options gets through.
pub(crate) const SURVIVED: &[Case] = &[
    // 10,000 ticks a second on each CPU.
    Case {
        name: "timer_storm",
        programs: &["forktree", "pingpong", "sendpage"],
        options: &["storm=100"],
        cpus: 4,
        required: &["....: I am '111'", "child received correct message"],
        ..BASE
    },
    // Every vector to every CPU, while envs run and while they do not: 4 times 224. How often beyond that is the host's affair: 30,000
    // interrupts were seen on one with nothing else to do, 6,800 on a busy one.
    Case {
        name: "strays",
        programs: &["forktree", "pingpong", "sendpage", "stress:7:150:4"],
        options: &["storm=10", "strays=20"],
        cpus: 4,
        limit: 300,
        required: &[
            "....: I am '111'",
            "child received correct message",
            "STRESS seed=7 ok ops=[1-9]",
            ".[0-9]+. warn: nobody asked for interrupt 0x22$",
            ".[0-9]+. warn: nobody asked for interrupt 0xff$",
            "STRAYS sent=[0-9]{4,}",
        ],
        judge: warned_once,
        ..BASE
    },
    NMIS,
];

/// What any kernel gets through.
pub(crate) const PLAIN: &[Case] = &[Case {
    name: "console_overload",
    programs: &["shout:24:40"],
    cpus: 8,
    limit: 400,
    required: &["shout: ok, 24 times 40 lines"],
    judge: shouted_once,
    ..BASE
}];

/// Each line of `shout` is whole, and comes once.
fn shouted_once(lines: &[String]) -> Vec<String> {
    const TEXT: &str = "the quick brown fox jumps over the lazy dog, and the dog does not wake up";
    let all = (0..24).flat_map(|env| (0..40).map(move |line| format!("shout {env} {line} {TEXT}")));
    let mut missing: HashSet<String> = all.collect();
    let shouted = lines.iter().filter(|line| line.contains("shout ") || line.contains("the quick"));
    let mut faults: Vec<String> =
        shouted.filter(|&line| !missing.remove(line)).map(|line| format!("torn or twice: {line}")).collect();
    faults.extend(missing.into_iter().map(|line| format!("lost: {line}")));
    faults
}

/// A report on the kernel's end has the stack of each CPU but the one that reports, or says that it was in user mode.
fn everyone_said_where(lines: &[String]) -> Vec<String> {
    let said = |start: &str, end: &str| -> HashSet<usize> {
        let numbers = lines.iter().filter_map(|line| line.strip_prefix(start)?.split_once(end)?.0.parse().ok());
        numbers.collect()
    };
    let count = said("SMP: CPU 0 found ", " CPU(s)").into_iter().next().unwrap_or(0);
    let stacks = lines.windows(2).filter(|pair| pair[1].starts_with("        f01"));
    let stacks: Vec<String> = stacks.map(|pair| pair[0].clone()).collect();
    let mut known = said("kernel stuck on CPU ", ":");
    known.extend(said("kernel panic on CPU ", " at"));
    known.extend(said("  CPU ", " was in user mode"));
    let stopped =
        |cpu: &usize| stacks.iter().any(|line| *line == format!("  CPU {cpu} was here when this report stopped it:"));
    let unknown = (0..count).filter(|cpu| !known.contains(cpu) && !stopped(cpu));
    unknown.map(|cpu| format!("where CPU {cpu} was is not said")).collect()
}

/// Others print until the panic is reported, and not from there on.
fn nobody_shouts_after_the_panic(lines: &[String]) -> Vec<String> {
    let shouts = |line: &&String| line.contains("shout ");
    let report = lines.iter().position(|line| line.contains("kernel panic on CPU ")).unwrap_or(lines.len());
    let late = lines.iter().skip(report + 1).find(shouts).map(|line| format!("after the panic: {line}"));
    let never =
        (!lines[..report].iter().any(|line| shouts(&line))).then(|| "nobody shouts before the panic".to_owned());
    late.into_iter().chain(never).collect()
}

/// What was interrupted is the first place that is named after these words. The other CPU may print in between.
fn interrupted_in_the_crash(lines: &[String]) -> Vec<String> {
    let behind = lines.iter().skip_while(|line| *line != "interrupted at");
    let place = behind.map(|line| line.as_str()).find(|line| line.starts_with("         "));
    let expected = place.is_some_and(|place| place.trim_start().starts_with("kernel/src/window/crash.rs:"));
    (!expected).then(|| format!("what was interrupted is not in crash.rs: {place:?}")).into_iter().collect()
}

/// Each warning of the kernel's comes once.
fn warned_once(lines: &[String]) -> Vec<String> {
    let mut seen = HashSet::new();
    let warnings = lines.iter().filter_map(|line| line.split_once(" warn: "));
    warnings.filter(|(_, text)| !seen.insert(*text)).map(|(_, text)| format!("said again: {text}")).collect()
}
