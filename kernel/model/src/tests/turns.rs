//! What is said by one word: whose turn it is, and who has started.

use std::rc::Rc;

use loom::cell::UnsafeCell;
use loom::thread;

use super::explore_in;
use crate::Turn;
use crate::atomic::Order;
use crate::machine::on_cpu;
use crate::online::{is_online, online};

/// Fails when `Turn::take` reads and writes in two steps; when it or `end` is in no order with what is done in a turn.
#[test]
fn a_turn_is_one_cpu_s_at_a_time() {
    explore_in(Order::AsWritten, 3, || {
        let (turn, prompt) = (Rc::new(Turn::new()), Rc::new(UnsafeCell::new(())));
        assert!(!turn.is_taken());
        let try_it = |turn: &Turn, prompt: &UnsafeCell<()>| {
            for _ in 0..2 {
                if turn.take() {
                    prompt.with_mut(|_| ());
                    turn.end();
                }
            }
        };
        let (its_turn, its_prompt) = (turn.clone(), prompt.clone());
        let other = on_cpu(1, move || try_it(&its_turn, &its_prompt));
        try_it(&turn, &prompt);
        other.join().expect("no CPU panics");
        assert!(!turn.is_taken());
    });
}

/// Fails when `online` or `is_online` is in no order with the rest.
#[test]
fn a_cpu_that_is_online_has_made_itself_ready() {
    explore_in(Order::AsWritten, 2, || {
        assert!(!is_online(1));
        let block = Rc::new(UnsafeCell::new(()));
        let its_block = block.clone();
        let other = on_cpu(1, move || {
            its_block.with_mut(|_| ());
            online(1);
        });
        while !is_online(1) {
            thread::yield_now();
        }
        block.with(|_| ());
        other.join().expect("no CPU panics");
    });
}
