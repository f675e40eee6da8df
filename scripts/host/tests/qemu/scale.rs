//! The same few programs from one CPU to as many as the machine can have.

use crate::case::{Case, Until};

/// Cases of this group.
pub(crate) const CASES: &[Case] = &[
    Case { name: "hello", programs: &["hello"], required: &["hello, world"], limit: 300, ..Case::BASE },
    Case {
        name: "forktree",
        programs: &["forktree"],
        required: &["....: I am ''", "....: I am '000'", "....: I am '101'", "....: I am '111'"],
        limit: 300,
        ..Case::BASE
    },
    Case {
        name: "stresssched",
        programs: &["stresssched"],
        required: &[".0000..... stresssched on CPU $CPU"],
        forbidden: &[".*ran on two CPUs at once"],
        limit: 300,
        ..Case::BASE
    },
    Case {
        name: "primes",
        programs: &["primes"],
        until: Until::Line("CPU .+: 1877 "),
        required: &["CPU $CPU: 2 ", "CPU $CPU: 997 "],
        limit: 400,
        ..Case::BASE
    },
];
