//! The tests of JOS's own `grade-lab3`: 13 tests, 80 points, on the same lab-4 kernel.
//!
//! The frame of a trap that kills lies where it does on a kernel stack of lab 3, so the lines that name its address
//! hold for the first CPU and are checked in the grader's own run only.

use crate::case::{Case, Until};

const MONITOR: Case = Case { until: Until::Monitor, ..Case::BASE };

const BANNER: &str = "Welcome to the JOS kernel monitor!";
const FRAME: &str = "TRAP frame at 0xf.......";
const EIP: &str = "  eip  0x008.....";
const SS: &str = "  ss   0x----0023";
const PAGE_FAULT: &str = "  trap 0x0000000e Page Fault";
const FREE: &str = ".$E1. free env $E1";

/// Lab 3, parts A and B.
pub(crate) const CASES: &[Case] = &[
    Case {
        name: "divzero",
        programs: &["divzero"],
        required: &[FRAME, "  trap 0x00000000 Divide error", EIP, SS, FREE],
        exact: &["Incoming TRAP frame at 0xefffff.."],
        forbidden: &["1/0 is ........!"],
        ..MONITOR
    },
    Case {
        name: "softint",
        programs: &["softint"],
        required: &[FRAME, "  trap 0x0000000d General Protection", EIP, SS, FREE],
        exact: &[BANNER, "Incoming TRAP frame at 0xefffffbc"],
        ..MONITOR
    },
    Case {
        name: "badsegment",
        programs: &["badsegment"],
        required: &[FRAME, "  trap 0x0000000d General Protection", "  err  0x00000028", EIP, SS, FREE],
        exact: &["Incoming TRAP frame at 0xefffffbc"],
        ..MONITOR
    },
    Case {
        name: "faultread",
        programs: &["faultread"],
        required: &[".$E1. user fault va 00000000 ip 008.....", FRAME, PAGE_FAULT, "  err  0x00000004", FREE],
        exact: &["Incoming TRAP frame at 0xefffffbc"],
        forbidden: &["I read ........ from location 0!"],
        ..MONITOR
    },
    Case {
        name: "faultreadkernel",
        programs: &["faultreadkernel"],
        required: &[".$E1. user fault va f0100000 ip 008.....", FRAME, PAGE_FAULT, "  err  0x00000005", FREE],
        exact: &["Incoming TRAP frame at 0xefffffbc"],
        forbidden: &["I read ........ from location 0xf0100000!"],
        ..MONITOR
    },
    Case {
        name: "faultwrite",
        programs: &["faultwrite"],
        required: &[".$E1. user fault va 00000000 ip 008.....", FRAME, PAGE_FAULT, "  err  0x00000006", FREE],
        exact: &["Incoming TRAP frame at 0xefffffbc"],
        ..MONITOR
    },
    Case {
        name: "faultwritekernel",
        programs: &["faultwritekernel"],
        required: &[".$E1. user fault va f0100000 ip 008.....", FRAME, PAGE_FAULT, "  err  0x00000007", FREE],
        exact: &["Incoming TRAP frame at 0xefffffbc"],
        ..MONITOR
    },
    Case {
        name: "breakpoint",
        programs: &["breakpoint"],
        // Ends in the monitor on any number of CPUs: the environment stays alive.
        until: Until::Line("K> "),
        required: &[BANNER, FRAME, "  trap 0x00000003 Breakpoint", EIP, SS],
        exact: &["Incoming TRAP frame at 0xefffffbc"],
        forbidden: &[FREE],
        ..Case::BASE
    },
    Case {
        name: "testbss",
        programs: &["testbss"],
        required: &[
            "Making sure bss works right...",
            "Yes, good.  Now doing a wild write off the end...",
            ".$E1. user fault va 00c..... ip 008.....",
            FREE,
        ],
        ..MONITOR
    },
    Case {
        name: "hello",
        programs: &["hello"],
        required: &[".00000000. new env $E1", "hello, world", "i am environment $E1", ".$E1. exiting gracefully", FREE],
        exact: &["Destroyed the only environment - nothing more to do!"],
        ..MONITOR
    },
    Case {
        name: "buggyhello",
        programs: &["buggyhello"],
        required: &[".$E1. user_mem_check assertion failure for va 00000001", FREE],
        ..MONITOR
    },
    Case {
        name: "buggyhello2",
        programs: &["buggyhello2"],
        required: &[".$E1. user_mem_check assertion failure for va 0....000", FREE],
        forbidden: &["hello, world"],
        ..MONITOR
    },
    Case {
        name: "evilhello",
        programs: &["evilhello"],
        required: &[".$E1. user_mem_check assertion failure for va f0100...", FREE],
        ..MONITOR
    },
];
