//! Audits while programs run, and on demand. The one at the end is part of every run of a debug kernel.

use jos::outcome::Ended;

use crate::case::{Case, Until};

/// Cases of this group.
pub(crate) const CASES: &[Case] = &[
    Case {
        name: "while_programs_run",
        programs: &["stress:3:60:3"],
        options: &["audit=100"],
        cpus: 4,
        limit: 600,
        required: &["STRESS seed=3 ok", "audits: [1-9][0-9]* while programs ran"],
        ..Case::BASE
    },
    Case {
        name: "while_many_cpus_take_turns",
        programs: &["stress:4:20:2"],
        options: &["audit=30"],
        cpus: 64,
        limit: 600,
        required: &["STRESS seed=4 ok", "audits: [1-9][0-9]* while programs ran"],
        ..Case::BASE
    },
    // The monitor is entered by a program that is still there.
    Case {
        name: "on_demand",
        programs: &["breakpoint"],
        cpus: 4,
        until: Until::Monitor,
        typed: &["audit"],
        required: &["audit: all agree; 1 envs; [0-9]+ of 32768 frames free"],
        ..Case::BASE
    },
    // The kernel is broken on purpose: one frame's count is too high.
    Case {
        name: "finds_a_wrong_count_at_the_end",
        programs: &["hello"],
        options: &["fail=counts:5"],
        cpus: 2,
        until: Until::Fault(Ended::Audit),
        required: &["AUDITFAULT kind=frame-count frame=0x[0-9a-f]+ free=0 counted=0 refs=1", "audit: FAULTS: 1"],
        forbidden: &["audit: ok"],
        ..Case::BASE
    },
    Case {
        name: "finds_a_wrong_count_while_programs_run",
        programs: &["stress:5:100:3"],
        options: &["fail=counts:200", "audit=50"],
        cpus: 4,
        until: Until::Fault(Ended::Audit),
        required: &[
            "AUDITFAULT kind=frame-count frame=0x[0-9a-f]+ free=0 counted=[0-9]+ refs=[0-9]+",
            "audit: FAULTS: 1",
        ],
        forbidden: &["No runnable environments"],
        ..Case::BASE
    },
];
