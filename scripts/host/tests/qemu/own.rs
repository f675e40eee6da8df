//! The project's own programs, run to the kernel's final audit.

use crate::case::Case;

/// Cases of this group.
pub(crate) const CASES: &[Case] = &[
    Case {
        name: "yield",
        programs: &["yield", "yield", "yield"],
        required: &[
            "Hello, I am environment $E1.",
            "Back in environment $E1, iteration 4.",
            "All done in environment $E1.",
        ],
        ..Case::BASE
    },
    Case {
        name: "forktrees",
        programs: &["forktrees"],
        required: &["....: I am ''", "....: I am '000'", "....: I am '111'"],
        ..Case::BASE
    },
    Case {
        name: "pingpongs",
        programs: &["pingpongs"],
        required: &["i am $E1; thisenv is ", "send 0 from ", "[0-9a-f]+ got 0 from ", "[0-9a-f]+ got 10 from "],
        ..Case::BASE
    },
    Case {
        name: "hostile_pointers",
        programs: &["hostile_pointers"],
        required: &["hostile_pointers: ok"],
        limit: 300,
        ..Case::BASE
    },
    Case {
        name: "hostile_maps",
        programs: &["hostile_maps"],
        required: &["hostile_maps: ok"],
        limit: 300,
        ..Case::BASE
    },
    Case {
        name: "hostile_sysenter",
        programs: &["hostile_sysenter"],
        required: &["hostile_sysenter: ok"],
        limit: 300,
        ..Case::BASE
    },
    Case {
        name: "hostile_int",
        programs: &["hostile_int"],
        // 0x20 is the timer's vector, 0x27 the spurious one's, 0xf0 the one by which CPUs ask each other.
        required: &[
            "hostile_int: ok, 254 of 256 ",
            "  trap 0x0000000d General Protection",
            "  err  0x00000102",
            "  err  0x0000013a",
            "  err  0x00000782",
            "  trap 0x0000000a Invalid TSS",
            "^The kernel copies forwards, whatever a program has told the CPU to do with its own strings\\.$",
        ],
        limit: 300,
        ..Case::BASE
    },
    Case { name: "faultloop", programs: &["faultloop"], required: &["faultloop: ok"], ..Case::BASE },
    Case {
        name: "hostile_xstack",
        programs: &["hostile_xstack"],
        required: &["hostile_xstack: ok"],
        limit: 300,
        ..Case::BASE
    },
    Case {
        name: "hostile_kill",
        programs: &["hostile_kill"],
        required: &["hostile_kill: ok"],
        limit: 300,
        ..Case::BASE
    },
    Case {
        name: "hostile_frames",
        programs: &["hostile_frames"],
        required: &["hostile_frames: ok"],
        limit: 300,
        ..Case::BASE
    },
    Case {
        name: "hostile_envs",
        programs: &["hostile_envs"],
        required: &["hostile_envs: ok"],
        limit: 300,
        ..Case::BASE
    },
    Case { name: "hostile_ipc", programs: &["hostile_ipc"], required: &["hostile_ipc: ok"], limit: 300, ..Case::BASE },
    Case {
        name: "hostile_freeze",
        programs: &["hostile_freeze"],
        required: &["hostile_freeze: ok"],
        limit: 300,
        ..Case::BASE
    },
    Case { name: "longline", programs: &["longline"], judge: nothing_is_missing, ..Case::BASE },
    Case { name: "families", programs: &["families"], required: &["families: ok"], limit: 300, ..Case::BASE },
    Case { name: "fpu", programs: &["fpu"], required: &["fpu: ok"], limit: 300, ..Case::BASE },
    Case { name: "stackdepth", programs: &["stackdepth"], ..Case::BASE },
    Case {
        name: "stress",
        programs: &["stress:7:150:4"],
        required: &["STRESS seed=7 begin", "STRESS seed=7 ok ops=[1-9]"],
        forbidden: &[".*FAILED"],
        limit: 300,
        ..Case::BASE
    },
    Case {
        name: "several_at_once",
        programs: &["forktree", "pingpong", "sendpage", "spin", "hostile_maps"],
        required: &["....: I am '111'", "child received correct message", "hostile_maps: ok"],
        limit: 300,
        ..Case::BASE
    },
    Case {
        name: "bench_null",
        programs: &["bench_null:4:200"],
        required: &["BENCH null begin cpus=4 ops=800", "BENCH null end cpus=4 ops=800"],
        ..Case::BASE
    },
    Case {
        name: "bench_page",
        programs: &["bench_page:4:100"],
        required: &["BENCH page begin cpus=4 ops=400", "BENCH page end cpus=4 ops=400"],
        ..Case::BASE
    },
    Case {
        name: "bench_map",
        programs: &["bench_map:4:100"],
        required: &["BENCH map begin cpus=4 ops=400", "BENCH map end cpus=4 ops=400"],
        ..Case::BASE
    },
    Case {
        name: "bench_fault",
        programs: &["bench_fault:4:50"],
        required: &["BENCH fault begin cpus=4 ops=200", "BENCH fault end cpus=4 ops=200"],
        ..Case::BASE
    },
    Case {
        name: "bench_ipc",
        programs: &["bench_ipc:4:50"],
        required: &["BENCH ipc begin cpus=4 ops=200", "BENCH ipc end cpus=4 ops=200"],
        ..Case::BASE
    },
    Case {
        name: "bench_fork",
        programs: &["bench_fork:4:5"],
        required: &["BENCH fork begin cpus=4 ops=20", "BENCH fork end cpus=4 ops=20"],
        ..Case::BASE
    },
    Case {
        name: "bench_sfork",
        programs: &["bench_sfork:4:5"],
        required: &["BENCH sfork begin cpus=4 ops=20", "BENCH sfork end cpus=4 ops=20"],
        ..Case::BASE
    },
    Case {
        name: "bench_tree",
        programs: &["bench_tree:4:2"],
        required: &["BENCH tree begin cpus=4 ops=112", "BENCH tree end cpus=4 ops=112"],
        ..Case::BASE
    },
    Case {
        name: "bench_mixed",
        programs: &["bench_mixed:4:50"],
        required: &["BENCH mixed begin cpus=4 ops=200", "BENCH mixed end cpus=4 ops=200"],
        ..Case::BASE
    },
    Case {
        name: "bench_burst",
        programs: &["bench_burst:4:5"],
        required: &["BENCH burst begin cpus=4 ops=20", "BENCH burst end cpus=4 ops=20"],
        ..Case::BASE
    },
    Case {
        name: "bench_churn",
        programs: &["bench_churn:4:20"],
        required: &["BENCH churn begin cpus=4 ops=80", "BENCH churn end cpus=4 ops=80"],
        ..Case::BASE
    },
    Case {
        name: "bench_share",
        programs: &["bench_share:4:100"],
        required: &["BENCH share begin cpus=4 ops=400", "BENCH share end cpus=4 ops=400"],
        ..Case::BASE
    },
    Case {
        name: "bench_server",
        programs: &["bench_server:4:50"],
        required: &["BENCH server begin cpus=4 ops=200", "BENCH server end cpus=4 ops=200"],
        ..Case::BASE
    },
    Case {
        name: "bench_sink",
        programs: &["bench_sink:4:50"],
        required: &["BENCH sink begin cpus=4 ops=200", "BENCH sink end cpus=4 ops=200"],
        ..Case::BASE
    },
    Case {
        name: "bench_console",
        programs: &["bench_console:4:20"],
        required: &["BENCH console begin cpus=4 ops=80", "BENCH console end cpus=4 ops=80"],
        ..Case::BASE
    },
    Case {
        name: "bench_primes",
        programs: &["bench_primes:4:30"],
        required: &["BENCH primes begin cpus=4 ops=120", "BENCH primes end cpus=4 ops=120"],
        ..Case::BASE
    },
];

/// What `longline` prints.
fn nothing_is_missing(lines: &[String]) -> Vec<String> {
    let numbers: String = (0..400).map(|number| format!("{number},")).collect();
    let due = [format!("longline {numbers} end"), format!("longline {:>600} end", "right")];
    due.into_iter().filter(|line| !lines.contains(line)).map(|line| format!("not printed: {line}")).collect()
}
