//! The kernel at its end: panics with each lock held and on two CPUs at once, the watch-dog's verdicts; and more ticks than
//! anybody needs.

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
    // Both make a system call at the same time, and whoever wins waits until the other has lost.
    Case {
        windows: &[("%panicking:lost", "lost")],
        ..panics("race_36_panics_on_two_cpus", &["race:34"], &["crash=panic:calling"])
    },
    Case {
        name: "watchdog_finds_a_live_lock",
        programs: &["race:34"],
        options: &["watchdog=2", "crash=loop:calling@1"],
        until: Until::Ended(Ended::LiveLock),
        required: &["kernel stuck on CPU [0-9]+: live-lock", "Stack backtrace:"],
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
            "  CPU [01] waits for nobody; it was stopped here:",
            "        [0-9a-f]{8} kernel/src/window/crash.rs:[0-9]+: ",
            "kernel stuck on CPU [0-9]+: ",
            "CPU [01] ran env ",
        ],
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
        ..BASE
    },
    // All CPUs are halted, and none ends the kernel.
    Case {
        name: "watchdog_finds_an_end_that_nobody_sees",
        programs: &["race:30"],
        options: &["watchdog=2", "crash=blind:calling@0"],
        until: Until::Ended(Ended::LostWakeUp),
        required: &["race 30: ok", "kernel stuck on CPU [0-9]+: lost wake-up: every CPU is idle"],
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
    // 10,000 ticks a second on each CPU.
    Case {
        name: "timer_storm",
        programs: &["forktree", "pingpong", "sendpage"],
        options: &["storm=100"],
        cpus: 4,
        required: &["....: I am '111'", "child received correct message"],
        ..BASE
    },
    // Every vector to every CPU, while envs run and while they do not.
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
            "STRAYS sent=[0-9]{5,}",
        ],
        judge: warned_once,
        ..BASE
    },
    Case {
        name: "nmis",
        programs: &["forktree", "pingpong", "sendpage", "stress:7:150:4"],
        options: &["storm=20", "nmis=2"],
        cpus: 4,
        limit: 300,
        required: &[
            "....: I am '111'",
            "child received correct message",
            "STRESS seed=7 ok ops=[1-9]",
            "NMIS user=[1-9][0-9]* idle=[1-9][0-9]* between=[1-9][0-9]* kernel=[1-9][0-9]* locked=[1-9]",
        ],
        ..BASE
    },
];

/// Each warning of the kernel's comes once.
fn warned_once(lines: &[String]) -> Vec<String> {
    let mut seen = HashSet::new();
    let warnings = lines.iter().filter_map(|line| line.split_once(" warn: "));
    warnings.filter(|(_, text)| !seen.insert(*text)).map(|(_, text)| format!("said again: {text}")).collect()
}
