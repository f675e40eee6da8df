//! Scenarios for races, one for each row of the table in `locking-notes.md` that two programs can bring about.
//!
//! Each is a play for a parent, in slot 0, and a few children. What makes it a race every time are windows in the kernel
//! (`kernel/src/window.rs`), which the test that starts it arms; without them the same play runs and must come to the
//! same end, whichever way the actors meet. `scripts/host/tests/qemu/races` has the rules.

mod count;
mod errors;
mod life;
mod mail;
mod memory;
mod queue;
mod stage;

use stage::Stage;
pub use stage::open_windows;

/// The scenario for a row, if there is one.
pub fn play(row: u32) -> bool {
    let Some((_, play)) = SCENARIOS.iter().find(|(number, _)| *number == row) else { return false };
    play(Stage::new());
    true
}

type Play = fn(Stage);

const SCENARIOS: &[(u32, Play)] = &[
    (1, life::slot_is_reused),
    (2, life::actor_dies_in_its_call),
    (102, life::slot_is_reused_with_a_new_parent),
    (3, life::destroyed_elsewhere),
    (4, life::destroyed_twice),
    (5, queue::told_to_run_while_running),
    (6, queue::frozen_while_entering),
    (106, queue::frozen_while_picked),
    (7, mail::woken_on_its_cpu),
    (8, mail::refused_while_asking),
    (108, mail::sent_to_before_it_sleeps),
    (9, mail::registers_are_the_receivers),
    (10, errors::send_without_a_page),
    (11, mail::page_for_the_dying),
    (12, mail::same_way),
    (13, mail::crossing),
    (14, memory::unmapped_after_the_look),
    (15, memory::same_table),
    (16, memory::walked_while_freed),
    (17, count::changed_by_two),
    (18, count::past_sixteen_bits),
    (19, memory::not_yet_forgotten),
    (20, memory::changed_under_a_reader),
    (21, memory::both_want_the_space),
    (23, life::destroyed_by_another_cpu),
    (24, memory::buffer_vanishes),
    (25, life::seen_too_early),
    (26, life::two_slots_at_once),
    (27, queue::woken_by_two),
    (127, queue::told_to_run_twice),
    (28, queue::frozen_under_the_pick),
    (29, queue::two_thieves),
    (30, queue::woken_on_the_way_to_halt),
    (31, life::destroyed_while_leaving),
    (32, life::destroyed_in_a_call),
    (34, memory::lines),
    (37, life::two_breakpoints),
    (137, life::reader_beside_the_monitor),
    (38, errors::no_such_status),
    (138, errors::no_such_right),
    (40, memory::last_frame),
    (41, memory::fresh_page),
    (43, life::embryo_is_left),
    (44, mail::record_is_whole),
    (45, mail::sent_to_each_other),
    (145, mail::senders_in_a_circle),
    (46, memory::three_lines),
];
