//! Running out of frames and env slots when a test wants it, and the programs that are told so.
//!
//! Every place in every call is made to fail once by the kernel's host tests; here real programs meet it, again and again.

use crate::case::Case;

/// Cases of this group.
pub(crate) const CASES: &[Case] = &[
    Case {
        name: "every_third_frame",
        programs: &["inject"],
        options: &["fail=frames:1000:3"],
        cpus: 4,
        required: &["inject: ok, [1-9][0-9]* refused", "injected: [1-9][0-9]* frames"],
        ..Case::BASE
    },
    Case {
        name: "every_fifth_frame",
        programs: &["inject"],
        options: &["fail=frames:1001:5"],
        required: &["inject: ok, [1-9][0-9]* refused", "injected: [1-9][0-9]* frames"],
        ..Case::BASE
    },
    Case {
        name: "every_other_slot",
        programs: &["inject"],
        options: &["fail=slots:3:2"],
        cpus: 4,
        required: &["inject: ok, [1-9][0-9]* refused", "injected: [1-9][0-9]* slots"],
        ..Case::BASE
    },
    Case {
        name: "no_first_slot",
        programs: &["hello"],
        options: &["fail=slots:1"],
        required: &["hello: out of environments", "injected: 1 slots"],
        forbidden: &["hello, world"],
        ..Case::BASE
    },
    Case {
        name: "no_first_frame",
        programs: &["hello", "hello"],
        options: &["fail=frames:1"],
        required: &["hello: out of memory", "hello, world", "injected: 1 frames"],
        ..Case::BASE
    },
    Case {
        name: "no_frame_half_way_through_loading",
        programs: &["hello", "hello"],
        options: &["fail=frames:6"],
        required: &["hello: out of memory", "hello, world", "injected: 1 frames"],
        ..Case::BASE
    },
];
