//! Rows 22 to 46.

use jos::outcome::Ended;

use super::{BASE, race};
use crate::case::{Case, Until};

/// Cases of these rows.
pub(super) const CASES: &[Case] = &[
    race(
        "race_22_asked_when_announced_and_not_yet_looked",
        &["race:20"],
        &[("%want-env-vm@0:announced@1", ""), ("%announced@1:kicked@0/forgotten@0", "kicked@0")],
    ),
    race(
        "race_22_leaves_user_mode_when_asked_and_not_yet_seen",
        &["race:20"],
        &[("%asked@0>trapped@1/answering@1", "")],
    ),
    race(
        "race_22_enters_user_mode_when_asked_and_not_yet_looked_for",
        &["race:20"],
        &[("%want-env-vm@0:trapped@1", ""), ("%trapped@1:asked@0", ""), ("%asked@0>announced@1", "announced@1")],
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
    Case {
        required: &["race 24: ok", r"\[00001001\] user_mem_check assertion failure for va "],
        ..race(
            "race_24_string_unmapped_when_it_has_been_checked",
            &["race:24"],
            &[("%want-env-vm@0:want-env-vm@1+1", ""), ("%want-env-vm@1+1:forgotten@0", "forgotten@0")],
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
        "race_27_told_to_run_twice_before_it_is_picked",
        &["race:127"],
        &[("%picking@none:calling@0+2", ""), ("%calling@0+2:arrived@1", "arrived@1")],
    ),
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
        &[("%want-env-life@0:trapped@1", ""), ("%trapped@1:dying@0", "dying@0")],
    ),
    // In a call after which it goes on: at a tick its CPU would look round anyway.
    race(
        "race_32_destroyed_in_a_call_after_which_it_goes_on",
        &["race:32"],
        &[("%want-env-life@0:calling@1", ""), ("%calling@1:dying@0", "dying@0"), ("%answering@1:dying@0", "")],
    ),
    Case {
        required: &["race 34: ok", "the one line, from beginning to end$", "the other line, from beginning to end$"],
        ..race(
            "race_34_two_lines_at_once",
            &["race:34"],
            &[
                ("%want-console@0:got-console@1", ""),
                ("%got-console@1:wait-console@0/got-console@0", "wait-console@0"),
                // Were this still the one line, the other one would come in the midst of it.
                ("%want-console@1+1:got-console@0", ""),
            ],
        )
    },
    // A mistake is reported by the CPU that holds the console, with another one waiting for it; then both go on.
    Case {
        options: &["crash=disorder:got-console@1"],
        until: Until::Fault(Ended::LockReport),
        required: &[
            "LOCKREPORT kind=leaf outer=console#0 inner=env-life#1023 ",
            "race 34: ok",
            "the one line, from beginning to end$",
            "the other line, from beginning to end$",
        ],
        ..race(
            "race_35_report_with_the_console_locked",
            &["race:34"],
            &[("%want-console@0:got-console@1", ""), ("%got-console@1:wait-console@0", "wait-console@0")],
        )
    },
    Case {
        typed: &["continue", "continue"],
        ..race(
            "race_37_two_breakpoints_at_once",
            &["race:37"],
            &[("%trapped@1:prompting@0", ""), ("%prompting@0:turned-away@1/prompting@1", "turned-away@1")],
        )
    },
    // The reader asks again once the monitor is entered, and what is typed then is not for it.
    Case {
        typed: &["continue"],
        ..race("race_37_reader_beside_the_monitor", &["race:137"], &[("%prompting@0>calling@1", "calling@1")])
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
        ..race("race_44_record_read_while_a_message_comes", &["race:44"], &[("%writing@0>trapped@2+1", "trapped@2+1")])
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
