//! Audits while programs run, and on demand. The one at the end is part of every run of a debug kernel.

use crate::case::{Case, Until};

/// Cases of this group.
pub(crate) const CASES: &[Case] = &[
    Case {
        name: "while_programs_run",
        programs: &["stress:3:150:4"],
        options: &["audit=20"],
        cpus: 8,
        required: &["STRESS seed=3 ok", "audits: [1-9][0-9]* while programs ran"],
        ..Case::BASE
    },
    Case {
        name: "while_many_cpus_take_turns",
        programs: &["stress:4:60:4"],
        options: &["audit=100"],
        cpus: 64,
        required: &["STRESS seed=4 ok", "audits: [1-9][0-9]* while programs ran"],
        ..Case::BASE
    },
    // The monitor is entered by a program that is still there.
    Case {
        name: "on_demand",
        programs: &["breakpoint"],
        cpus: 4,
        until: Until::Monitor,
        typed: Some("audit"),
        required: &["audit: all agree; 1 envs; [0-9]+ of 32768 frames free"],
        ..Case::BASE
    },
];
