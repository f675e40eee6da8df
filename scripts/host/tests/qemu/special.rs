//! Cases that need something of their own: little or much memory, the monitor, a boot loader.

use crate::case::{Case, Until};

/// Booted by QEMU itself.
pub(crate) const CASES: &[Case] = &[
    Case {
        name: "self_tests_at_boot",
        programs: &["hello"],
        cpus: 4,
        required: &[
            "6828 decimal is 15254 octal!",
            "Physical memory: 131072K available, base = 640K, extended = 130432K",
            "check_page_free_list\\(\\) succeeded!",
            "check_page_alloc\\(\\) succeeded!",
            "check_page\\(\\) succeeded!",
            "check_kern_pgdir\\(\\) succeeded!",
            "check_page_installed_pgdir\\(\\) succeeded!",
            "SMP: CPU 0 found 4 CPU\\(s\\)",
            "SMP: CPU 3 starting",
        ],
        ..Case::BASE
    },
    Case {
        name: "little_memory",
        programs: &["forktree"],
        cpus: 8,
        memory: 16,
        required: &["....: I am '111'"],
        ..Case::BASE
    },
    // Who sends to somebody who will never receive does not try for ever.
    Case {
        name: "sending_to_the_dead",
        programs: &["senddead"],
        until: Until::Line("K> "),
        required: &["sending to the dead", r"\[$E2\] user panic in .* at .*: ipc_send to $E2: bad environment$"],
        forbidden: &["it has arrived", "it tries for ever"],
        ..Case::BASE
    },
    Case { name: "fuzz_steps", programs: &["fuzz_steps:1:0:3:400"], required: &["FUZZ done"], ..Case::BASE },
    Case {
        name: "fuzz_crowd",
        programs: &["fuzz_crowd:1:8:5000:65535"],
        cpus: 4,
        required: &["FUZZ crowd done \\d+ wrong 0"],
        forbidden: &["FUZZ WRONG"],
        ..Case::BASE
    },
    // The kernel maps physical memory from KERNBASE up, and there is room for 256 MiB.
    Case {
        name: "more_memory_than_fits",
        programs: &["hello"],
        cpus: 4,
        memory: 300,
        required: &["hello, world"],
        ..Case::BASE
    },
    Case {
        name: "monitor_help",
        programs: &["hello"],
        until: Until::Monitor,
        typed: &["help"],
        required: &["help - ", "kerninfo - "],
        ..Case::BASE
    },
    Case {
        name: "monitor_kerninfo",
        programs: &["hello"],
        until: Until::Monitor,
        typed: &["kerninfo"],
        required: &[
            "Special kernel symbols:",
            "  entry  f0[0-9a-f]{6} .virt.  00[0-9a-f]{6} .phys.",
            "Kernel executable memory footprint: [0-9]+KB",
        ],
        ..Case::BASE
    },
    Case {
        name: "monitor_unknown_command",
        programs: &["hello"],
        until: Until::Monitor,
        typed: &["nonsense"],
        required: &["Unknown command 'nonsense'"],
        ..Case::BASE
    },
    // The end is seen a second time.
    Case {
        name: "monitor_runs_a_program",
        programs: &["hello"],
        until: Until::Monitor,
        typed: &["run nothing", "run", "run hello"],
        required: &["nothing: no such program", "run NAME", "i am environment 00001000", "i am environment 00002000"],
        limit: 90,
        ..Case::BASE
    },
    Case {
        name: "monitor_looks_round",
        programs: &["hello"],
        cpus: 2,
        until: Until::Monitor,
        typed: &[
            "",
            "envs",
            "cpus",
            "mappings",
            "mappings eec00000",
            "backtrace",
            "audit",
            "1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6",
        ],
        required: &[
            "env      parent   status  cpu  runs",
            "1024 env slots and [0-9]+ of 32768 frames free",
            "CPU 0: idle",
            "CPU 1: idle",
            "mappings FIRST .LAST.: hexadecimal addresses",
            "eec00000 -> 00[0-9a-f]{6} ",
            "Stack backtrace:",
            "  ebp [0-9a-f]{8}  eip f01[0-9a-f]{5}  args",
            "audit: ",
            "Too many arguments .max 16.",
        ],
        ..Case::BASE
    },
    // Runs for ever; that it starts and lets others run is what there is to see.
    Case {
        name: "idle_and_hello",
        programs: &["idle", "hello"],
        cpus: 2,
        until: Until::Line(".{10} free env "),
        required: &["hello, world"],
        ..Case::BASE
    },
    // Whoever comes behind two that never end has its turn as well.
    Case {
        name: "everybody_has_a_turn",
        programs: &["idle", "idle", "hello"],
        until: Until::Line(".{10} free env "),
        required: &["hello, world"],
        limit: 60,
        ..Case::BASE
    },
    // One receiver in slot 1 and two senders that never stop: both have to get through.
    Case {
        name: "fairness",
        programs: &["fairness", "fairness", "fairness"],
        until: Until::Line("1001 recv from 1002"),
        required: &["1000 loop sending to 1001", "1002 loop sending to 1001"],
        ..Case::BASE
    },
    Case {
        name: "two_of_a_kind",
        programs: &["hello", "hello"],
        cpus: 4,
        required: &["hello, world", "i am environment 00001000", "i am environment 00001001"],
        ..Case::BASE
    },
];

/// Booted by GRUB from a CD image.
pub(crate) const FROM_CD: &[Case] = &[Case {
    name: "boot_from_cd",
    programs: &["forktree"],
    cpus: 4,
    until: Until::Monitor,
    required: &["....: I am ''", "....: I am '111'", "No runnable environments in the system!"],
    ..Case::BASE
}];
