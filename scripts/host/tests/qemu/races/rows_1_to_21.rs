//! Rows 1 to 21.

use super::{BASE, race};
use crate::case::Case;

/// Cases of these rows.
pub(super) const CASES: &[Case] = &[
    // A CPU each: one that waits in the kernel has an env in its queue that nobody takes.
    Case {
        cpus: 3,
        ..race(
            "race_01_slot_is_reused_before_the_lock",
            &["race:1"],
            &[("%want-env-life@1:want-env-vm@0", ""), ("%want-env-vm@0:looked-up@2", "looked-up@2")],
        )
    },
    // One lock, or the env that it was looked up for might end between two.
    Case {
        cpus: 3,
        ..race(
            "race_01_slot_is_locked_once",
            &["race:1"],
            &[
                ("%calling@0:want-env-life@1", ""),
                ("%want-env-life@1:calling@0+1/want-env-vm@0+1", "calling@0+1"),
                ("%want-env-vm@0+1:looked-up@2", ""),
            ],
        )
    },
    Case {
        cpus: 3,
        ..race(
            "race_02_right_and_act_under_one_lock",
            &["race:102"],
            &[
                ("%calling@0:want-env-life@1", ""),
                ("%want-env-life@1:trapped@0+1/want-env-life@0+1", "trapped@0+1"),
                ("%want-env-life@0+1:looked-up@2", ""),
            ],
        )
    },
    Case {
        required: &["race 2: ok", "1 envs are blocked for ever"],
        ..race(
            "race_02_actor_dies_in_its_call",
            &["race:2"],
            &[("%want-env-life@0:want-env-vm@1", ""), ("%want-env-vm@1:dying@0", "dying@0")],
        )
    },
    race("race_03_destroyed_in_user_mode_elsewhere", &["race:3"], &[("%asked@0>trapped@1/answering@1", "")]),
    race(
        "race_04_destroyed_twice_while_on_its_cpu",
        &["race:4"],
        &[("%want-env-life@0:trapped@1", ""), ("%trapped@1:calling@0+2", "calling@0+2")],
    ),
    Case {
        cpus: 3,
        ..race(
            "race_05_told_to_run_while_on_its_cpu",
            &["race:5"],
            &[("%want-env-life@0:trapped@1", ""), ("%trapped@1:calling@0+3", "calling@0+3")],
        )
    },
    race(
        "race_06_frozen_on_the_way_to_user_mode",
        &["race:6"],
        &[("%want-env-life@0:announced@1", ""), ("%announced@1:asked@0", "asked@0")],
    ),
    // Nor does the parent look at the counter before the other CPU has found that what it picked may not run.
    race(
        "race_06_frozen_between_queue_and_cpu",
        &["race:106"],
        &[
            ("%calling@0+1:picked@1", ""),
            ("%picked@1:asked@0", "asked@0"),
            ("%asked@0>said-idle/arrived@1", "said-idle"),
        ],
    ),
    Case { cpus: 3, ..race("race_07_woken_while_on_its_cpu", &["race:7"], &[("%receiving@1:sent@0*3", "sent@0")]) },
    race(
        "race_08_receives_when_the_sender_was_refused",
        &["race:8"],
        &[("%want-env-life@1:refused@0", ""), ("%refused@0:receiving@1", "receiving@1")],
    ),
    race(
        "race_08_receives_when_the_sender_goes_to_rest",
        &["race:8"],
        &[("%want-env-ipc@1:got-env-ipc@0", ""), ("%got-env-ipc@0:wait-env-ipc@1/receiving@1", "wait-env-ipc@1")],
    ),
    race(
        "race_08_sent_to_before_it_sleeps",
        &["race:108"],
        &[("%sending@0:want-env-life@1+1", ""), ("%want-env-life@1+1:sent@0", "sent@0")],
    ),
    race("race_09_registers_are_the_receivers", &["race:9"], &[("%receiving@1:sent@0", "sent@0")]),
    Case {
        cpus: 3,
        ..race(
            "race_10_good_message_behind_a_bad_one",
            &["race:10"],
            &[("%calling@2:sending@0", ""), ("%sending@0:wait-env-life@2/got-env-life@2", "wait-env-life@2")],
        )
    },
    Case {
        cpus: 3,
        ..race(
            "race_11_page_for_an_env_that_is_destroyed",
            &["race:11"],
            &[("%want-env-life@0:sending@2", ""), ("%sending@2>wait-env-life@0/dying@0", "wait-env-life@0")],
        )
    },
    Case {
        cpus: 3,
        ..race(
            "race_11_message_for_an_env_about_to_be_freed",
            &["race:11"],
            &[("%calling@2:reaping@1", ""), ("%reaping@1:refused@2/sent@2", "refused@2")],
        )
    },
    Case {
        cpus: 3,
        ..race(
            "race_12_sent_and_mapped_the_same_way",
            &["race:12"],
            &[("%want-env-vm@0:got-env-vm@2", ""), ("%got-env-vm@2:wait-env-vm@0/got-env-vm@0", "wait-env-vm@0")],
        )
    },
    Case {
        cpus: 3,
        ..race(
            "race_13_sent_and_mapped_crosswise",
            &["race:13"],
            &[("%want-env-vm@0:got-env-vm@2", ""), ("%got-env-vm@2:wait-env-vm@0/got-env-vm@0", "wait-env-vm@0")],
        )
    },
    race(
        "race_14_unmapped_between_look_and_insert",
        &["race:14"],
        &[("%want-env-vm@1:looked-up@0", ""), ("%looked-up@0:wait-env-vm@1/forgotten@1", "wait-env-vm@1")],
    ),
    race(
        "race_14_both_memories_are_locked_once",
        &["race:14"],
        &[
            ("%calling@0:want-env-vm@1", ""),
            ("%want-env-vm@1:calling@0+1/want-env-vm@0+2", "calling@0+1"),
            ("%want-env-vm@0+2:forgotten@1", ""),
        ],
    ),
    race(
        "race_15_two_need_the_same_page_table",
        &["race:15"],
        &[
            ("%want-env-vm@1:got-frame-cache@0+1", ""),
            ("%got-frame-cache@0+1:wait-env-vm@1/got-frame-cache@1+1", "wait-env-vm@1"),
        ],
    ),
    race(
        "race_16_page_tables_walked_while_they_are_freed",
        &["race:16"],
        &[("%reaping@1:looked-up@0", ""), ("%looked-up@0:wait-env-vm/evicted@1", "wait-env-vm")],
    ),
    race(
        "race_17_counted_by_two_at_once",
        &["race:17"],
        &[
            ("%looked-up@1:counting@0*8", ""),
            ("%forgotten@1:counting@0+8*8", ""),
            ("%counting@0:counting@1*16", "counting@1"),
        ],
    ),
    race(
        "race_18_let_go_of_where_sixteen_bits_end",
        &["race:18"],
        &[("%calling@1:looked-up@0", ""), ("%looked-up@0:frame-taken@1", "frame-taken@1")],
    ),
    Case {
        name: "race_19_written_to_until_it_is_forgotten",
        programs: &["race:19"],
        windows: &[("%changed@0>announced@1", "announced@1")],
        required: &["race 19: ok"],
        ..BASE
    },
    race("race_20_waited_for_until_it_has_answered", &["race:20"], &[("%answered@0:trapped@1/answering@1", "")]),
    race("race_20_remapped_under_a_reader", &["race:20"], &[("%changed@0>announced@1", "announced@1")]),
    race(
        "race_21_both_want_the_space",
        &["race:21"],
        &[
            ("%calling@0:want-env-vm@1", ""),
            ("%want-env-vm@1:asked@0", ""),
            ("%asked@0:wait-env-vm@1", "wait-env-vm@1"),
        ],
    ),
];
