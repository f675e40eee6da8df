//! Races, driven: each case holds one CPU in its window until another has done its part, and then the outcome has to be
//! right. Named after the rows of the table in `locking-notes.md`.
//!
//! The parent is in slot 0, its children in 1 and 2 (`user/src/race`). What a rule means is in `kernel/src/window.rs`. Many
//! cases have two: one that makes the second actor come at the right moment, and the window itself. Where a lock closes the
//! window, the rule waits for "the other waits for the lock" or "the other has done it", and only the first may come.

use crate::case::{Case, Until};

const BASE: Case = Case { cpus: 2, limit: 90, ..Case::BASE };

/// A play for two CPUs, with its windows.
const fn race(
    name: &'static str,
    programs: &'static [&'static str],
    windows: &'static [(&'static str, &'static str)],
) -> Case {
    Case { name, programs, windows, required: &["race [0-9]+: ok"], ..BASE }
}

/// Cases of this group.
pub(crate) const CASES: &[Case] = &[
    race(
        "race_01_slot_is_reused_before_the_lock",
        &["race:1"],
        &[("%want-env-life@1:want-env-vm@0", ""), ("%want-env-vm@0:looked-up@2", "looked-up@2")],
    ),
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
        &[("%want-env-life@0>trapped@1", ""), ("%trapped@1:calling@0+2", "calling@0+2")],
    ),
    Case {
        cpus: 3,
        ..race(
            "race_05_told_to_run_while_on_its_cpu",
            &["race:5"],
            &[("%want-env-life@0>trapped@1", ""), ("%trapped@1:calling@0+3", "calling@0+3")],
        )
    },
    race(
        "race_06_frozen_on_the_way_to_user_mode",
        &["race:6"],
        &[("%want-env-life@0>announced@1", ""), ("%announced@1:asked@0", "asked@0")],
    ),
    race(
        "race_06_frozen_between_queue_and_cpu",
        &["race:106"],
        &[("%calling@0+1:picked@1", ""), ("%picked@1:calling@0+2", "calling@0+2")],
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
    race("race_20_remapped_under_a_reader", &["race:20"], &[("%changed@0>announced@1", "announced@1")]),
    race(
        "race_21_both_want_the_space",
        &["race:21"],
        &[("%want-env-vm@1:asked@0", ""), ("%asked@0:wait-env-vm@1", "wait-env-vm@1")],
    ),
    race(
        "race_22_asked_when_announced_and_not_yet_looked",
        &["race:20"],
        &[("%want-env-vm@0>announced@1", ""), ("%announced@1:asked@0", "asked@0")],
    ),
    race(
        "race_22_leaves_user_mode_when_asked_and_not_yet_seen",
        &["race:20"],
        &[("%asked@0>trapped@1/answering@1", "")],
    ),
    race("race_23_destroyed_when_its_cpu_is_idle", &["race:23"], &[("%want-env-life@0:halting", "")]),
    Case {
        required: &["race 24: ok", "a string that was there when it was looked at"],
        ..race(
            "race_24_string_unmapped_while_it_is_copied",
            &["race:24"],
            &[("%want-env-vm@0:copying@1", ""), ("%copying@1:wait-env-vm@0/forgotten@0", "wait-env-vm@0")],
        )
    },
    race("race_25_child_without_registers", &["race:25"], &[("%embryo@0>arrived@2/entering@1+20", "entering@1+20")]),
    race(
        "race_26_two_slots_at_once",
        &["race:26"],
        &[("%want-slot-cache@1:slot-taken@0", ""), ("%slot-taken@0:slot-taken@1", "slot-taken@1")],
    ),
    race(
        "race_26_two_caches_want_the_last_slot",
        &["race:26"],
        &[
            ("%want-env-table@1:got-env-table@0", ""),
            ("%got-env-table@0:wait-env-table@1/got-env-table@1", "wait-env-table@1"),
        ],
    ),
    Case {
        cpus: 3,
        ..race(
            "race_27_woken_by_two",
            &["race:27"],
            &[("%want-env-life@0:sent@2", ""), ("%sent@2:wait-env-life@0/got-env-life@0", "wait-env-life@0")],
        )
    },
    race(
        "race_28_picked_while_its_life_is_locked",
        &["race:28"],
        &[
            ("%calling@0+1:picking@none", ""),
            ("%picking@none:got-env-life@0+1", ""),
            ("%got-env-life@0+1:picked@1", "picked@1"),
        ],
    ),
    Case {
        cpus: 3,
        ..race(
            "race_29_two_steal_at_once",
            &["race:29"],
            &[("%picking@none:queued@2", ""), ("%got-run-queue@none:wait-run-queue@none", "wait-run-queue@none")],
        )
    },
    race(
        "race_30_queued_before_the_last_look",
        &["race:30"],
        &[("%want-env-life@0:said-idle", ""), ("%said-idle:queued@1", "queued@1")],
    ),
    race(
        "race_30_queued_after_the_last_look",
        &["race:30"],
        &[("%want-env-life@0:halting", ""), ("%halting:sent@0", "sent@0")],
    ),
    race(
        "race_30_queued_after_the_last_look_without_ticks",
        &["race:30"],
        &[("%want-env-life@0:halting+1", ""), ("%halting+1:sent@0", "sent@0")],
    ),
    race(
        "race_31_destroyed_while_it_leaves_its_cpu",
        &["race:31"],
        &[("%want-env-life@0:releasing@1", ""), ("%releasing@1:dying@0", "dying@0")],
    ),
    race(
        "race_32_destroyed_at_trap_entry",
        &["race:3"],
        &[("%want-env-life@0>trapped@1", ""), ("%trapped@1:dying@0", "dying@0")],
    ),
    Case {
        required: &["race 34: ok", "the one line, from beginning to end$", "the other line, from beginning to end$"],
        ..race(
            "race_34_two_lines_at_once",
            &["race:34"],
            &[("%want-console@0:got-console@1", ""), ("%got-console@1:wait-console@0/got-console@0", "wait-console@0")],
        )
    },
    Case {
        name: "race_37_two_breakpoints_at_once",
        programs: &["race:37"],
        until: Until::Monitor,
        typed: Some("continue"),
        required: &["Welcome to the JOS kernel monitor!"],
        ..BASE
    },
    race(
        "race_38_call_fails_with_a_life_locked",
        &["race:38"],
        &[("%calling@1:got-env-life@0", ""), ("%got-env-life@0:wait-env-life@1/got-env-life@1", "wait-env-life@1")],
    ),
    race(
        "race_38_call_fails_with_memory_locked",
        &["race:138"],
        &[("%calling@1:got-env-vm@0+1", ""), ("%got-env-vm@0+1:wait-env-vm@1/got-env-vm@1", "wait-env-vm@1")],
    ),
    race(
        "race_40_the_last_frames_are_in_another_cache",
        &["race:40"],
        &[("%take-far@0:free-frame-cache@1+1", "free-frame-cache@1+1")],
    ),
    race("race_41_page_taken_and_not_yet_zero", &["race:41"], &[("%frame-taken@0>entering@1+5", "entering@1+5")]),
    Case {
        name: "race_42_cpus_start_in_another_order",
        programs: &["hello"],
        cpus: 4,
        windows: &[("starting#1:starting#3", ""), ("starting#3:starting#2", "")],
        required: &["SMP: CPU 3 starting", "hello, world"],
        ..BASE
    },
    Case {
        required: &["race 43: ok", "1 envs are blocked for ever"],
        ..race(
            "race_43_parent_dies_with_an_embryo",
            &["race:43"],
            &[("%want-env-life@0:embryo@1", ""), ("%embryo@1:dying@0", "dying@0")],
        )
    },
    Case {
        cpus: 3,
        ..race(
            "race_44_record_read_while_a_message_comes",
            &["race:44"],
            &[("%got-run-queue@0>trapped@2", "trapped@2")],
        )
    },
    Case {
        cpus: 3,
        ..race(
            "race_45_two_send_to_each_other",
            &["race:45"],
            &[("%calling@2:refused@1", ""), ("%refused@1:refused@2", "refused@2")],
        )
    },
    // The second CPU is held in its wait, as by a host that does not run it; the third one comes later and gets the lock. It
    // has looked at the clock far more often by then than a wait of any length may take turns.
    Case {
        cpus: 3,
        ..race(
            "race_46_waiter_that_does_not_run",
            &["race:46"],
            &[
                ("%want-console@1:got-console@0", ""),
                ("%want-console@2:spin-console@1", ""),
                ("%got-console@0:spin-console@2+20000", "spin-console@2+20000"),
                ("%spin-console@1:got-console@2", "got-console@2"),
            ],
        )
    },
    Case {
        name: "delays_at_every_point",
        programs: &["forktree", "pingpong", "sendpage"],
        options: &["delays=4711"],
        cpus: 4,
        required: &["....: I am '111'", "child received correct message", "DELAYS seed=4711 count=[1-9]"],
        ..BASE
    },
];
