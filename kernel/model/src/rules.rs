//! Rules of windows, which the models have no use for: only what they themselves promise.

#[path = "../../src/window/event.rs"]
mod event;
#[path = "../../src/window/rule.rs"]
mod rule;

use std::rc::Rc;

use loom::cell::UnsafeCell;

use crate::atomic::Order;
use crate::machine::on_cpu;
use crate::point::Point;
use crate::tests::explore_in;
use event::Place;
use rule::Rule;

/// Fails when `Rule::note` counts, or `Rule::counts` looks, in no order with the rest.
#[test]
fn what_was_done_before_a_point_is_seen_by_who_waits_for_it() {
    explore_in(Order::AsWritten, 2, || {
        let rule = Rc::new(Rule::parse("picked:queued").expect("a rule"));
        // The words are there before the CPUs part.
        rule.wait([0; 4]);
        assert_eq!(rule.to_string(), "picked:queued reached=0 met=1 by=queued:1 early=0 timeout=0");
        let left = Rc::new(UnsafeCell::new(()));
        let (its_rule, its_left) = (rule.clone(), left.clone());
        let other = on_cpu(1, move || {
            its_left.with_mut(|_| ());
            its_rule.note(Place::Point(Point::Queued), 1, None);
        });
        if rule.arrive().is_none() {
            left.with(|_| ());
        }
        other.join().expect("no CPU panics");
    });
}
