//! The tests of JOS's own `grade-lab4`: 16 tests, 80 points.
//!
//! The lines are the grader's, with its CPUs. Where it stops at a break-point in the monitor's `readline`, these
//! stop at the monitor's prompt.

use crate::case::{Case, Until};

const MONITOR: Case = Case { until: Until::Monitor, ..Case::BASE };

/// Lab 4, parts A, B and C.
pub(crate) const CASES: &[Case] = &[
    Case {
        name: "dumbfork",
        programs: &["dumbfork"],
        required: &[
            ".00000000. new env $E1",
            ".$E1. new env $E2",
            "0: I am the parent!",
            "9: I am the parent!",
            "0: I am the child!",
            "9: I am the child!",
            "19: I am the child!",
            ".$E1. exiting gracefully",
            ".$E1. free env $E1",
            ".$E2. exiting gracefully",
            ".$E2. free env $E2",
        ],
        scales: true,
        ..MONITOR
    },
    Case {
        name: "faultread",
        programs: &["faultread"],
        required: &[
            ".$E1. user fault va 00000000 ip 008.....",
            "TRAP frame at 0xf....... from CPU $CPU",
            "  trap 0x0000000e Page Fault",
            "  err  0x00000004.*",
            ".$E1. free env $E1",
        ],
        forbidden: &["I read ........ from location 0."],
        ..MONITOR
    },
    Case {
        name: "faultwrite",
        programs: &["faultwrite"],
        required: &[
            ".$E1. user fault va 00000000 ip 008.....",
            "TRAP frame at 0xf....... from CPU $CPU",
            "  trap 0x0000000e Page Fault",
            "  err  0x00000006.*",
            ".$E1. free env $E1",
        ],
        ..MONITOR
    },
    Case {
        name: "faultdie",
        programs: &["faultdie"],
        required: &["i faulted at va deadbeef, err 6", ".$E1. exiting gracefully", ".$E1. free env $E1"],
        ..MONITOR
    },
    Case {
        name: "faultregs",
        programs: &["faultregs"],
        required: &["Registers in UTrapframe OK", "Registers after page-fault OK"],
        forbidden: &["Registers in UTrapframe MISMATCH", "Registers after page-fault MISMATCH"],
        ..MONITOR
    },
    Case {
        name: "faultalloc",
        programs: &["faultalloc"],
        required: &[
            "fault deadbeef",
            "this string was faulted in at deadbeef",
            "fault cafebffe",
            "fault cafec000",
            "this string was faulted in at cafebffe",
            ".$E1. exiting gracefully",
            ".$E1. free env $E1",
        ],
        ..MONITOR
    },
    Case {
        name: "faultallocbad",
        programs: &["faultallocbad"],
        required: &[".$E1. user_mem_check assertion failure for va deadbeef", ".$E1. free env $E1"],
        ..MONITOR
    },
    Case {
        name: "faultnostack",
        programs: &["faultnostack"],
        required: &[".$E1. user_mem_check assertion failure for va eebfff..", ".$E1. free env $E1"],
        ..MONITOR
    },
    Case {
        name: "faultbadhandler",
        programs: &["faultbadhandler"],
        required: &[".$E1. user_mem_check assertion failure for va (deadb|eebfe)...", ".$E1. free env $E1"],
        ..MONITOR
    },
    Case {
        name: "faultevilhandler",
        programs: &["faultevilhandler"],
        required: &[".$E1. user_mem_check assertion failure for va (f0100|eebfe)...", ".$E1. free env $E1"],
        ..MONITOR
    },
    Case {
        name: "forktree",
        programs: &["forktree"],
        required: &[
            "....: I am .0.",
            "....: I am .1.",
            "....: I am .000.",
            "....: I am .100.",
            "....: I am .110.",
            "....: I am .111.",
            "....: I am .011.",
            "....: I am .001.",
            ".$E1. exiting gracefully",
            ".$E2. exiting gracefully",
        ],
        // A slot has been used again.
        exact: &[".0000200.. exiting gracefully", ".0000200.. free env 0000200."],
        scales: true,
        ..MONITOR
    },
    Case {
        name: "spin",
        programs: &["spin"],
        required: &[
            ".00000000. new env $E1",
            "I am the parent.  Forking the child...",
            ".$E1. new env $E2",
            "I am the parent.  Running the child...",
            "I am the parent.  Killing the child...",
            ".$E1. destroying $E2",
            ".{10} free env $E2",
            ".$E1. exiting gracefully",
            ".$E1. free env $E1",
        ],
        // With more CPUs the child may be dead before it has come to run.
        exact: &["I am the child.  Spinning...", ".$E1. free env $E2"],
        scales: true,
        ..MONITOR
    },
    Case {
        name: "stresssched",
        programs: &["stresssched"],
        cpus: 4,
        required: &[".0000..... stresssched on CPU $CPU"],
        exact: &[
            ".000010... stresssched on CPU 0",
            ".000010... stresssched on CPU 1",
            ".000010... stresssched on CPU 2",
            ".000010... stresssched on CPU 3",
        ],
        forbidden: &[".*ran on two CPUs at once"],
        scales: true,
        ..MONITOR
    },
    Case {
        name: "sendpage",
        programs: &["sendpage"],
        cpus: 2,
        required: &[
            "[0-9a-f]+ got message: hello child environment! how are you?",
            "child received correct message",
            "[0-9a-f]+ got message: hello parent environment! I'm good.",
            "parent received correct message",
            ".$E1. exiting gracefully",
            ".$E1. free env $E1",
            ".$E2. exiting gracefully",
            ".$E2. free env $E2",
        ],
        exact: &[
            "1000 got message: hello child environment! how are you?",
            "1001 got message: hello parent environment! I'm good.",
        ],
        scales: true,
        ..MONITOR
    },
    Case {
        name: "pingpong",
        programs: &["pingpong"],
        cpus: 4,
        required: &[
            ".$E1. new env $E2",
            "send 0 from [0-9a-f]+ to [0-9a-f]+",
            "[0-9a-f]+ got 0 from [0-9a-f]+",
            "[0-9a-f]+ got 10 from [0-9a-f]+",
            ".$E1. exiting gracefully",
            ".$E1. free env $E1",
            ".$E2. exiting gracefully",
            ".$E2. free env $E2",
        ],
        exact: &[
            "send 0 from 1000 to 1001",
            "1001 got 0 from 1000",
            "1000 got 1 from 1001",
            "1001 got 8 from 1000",
            "1000 got 9 from 1001",
            "1001 got 10 from 1000",
        ],
        scales: true,
        ..MONITOR
    },
    Case {
        name: "primes",
        programs: &["primes"],
        cpus: 4,
        until: Until::Line("CPU .+: 1877 "),
        required: &[
            ".00000000. new env $E1",
            ".$E1. new env $E2",
            "CPU $CPU: 2 .$E2. new env $E3",
            "CPU $CPU: 3 .$E3. new env $E4",
            "CPU $CPU: 5 .$E4. new env $E5",
            "CPU $CPU: 7 .$E5. new env $E6",
            "CPU $CPU: 11 .$E6. new env $E7",
            "CPU $CPU: 1877 .$E289. new env $E290",
        ],
        limit: 300,
        scales: true,
        ..Case::BASE
    },
];
