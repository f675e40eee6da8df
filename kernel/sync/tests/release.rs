//! Without checks a lock carries nothing for the checker, and nothing is reported.
#![cfg(not(any(feature = "order", feature = "full", debug_assertions, feature = "stats")))]

mod common;

use common::{INTERRUPTS, on_cpu};
use sync::order::{self, Checker, Gate};
use sync::{Guard, Rank, SpinLock};

machine!(This, OUTSIDE);

const _: () = assert!(size_of::<Checker>() == 0);
const _: () = assert!(size_of::<Guard<'_, u32, This>>() == size_of::<usize>());

/// The data, a lock byte and the key.
#[cfg(not(all(feature = "ticket", not(feature = "big-lock"))))]
const _: () = assert!(size_of::<SpinLock<u32, This>>() == 8);

#[test]
fn every_rule_can_be_broken_in_silence() {
    on_cpu::<This, _>(0, |_| {
        let console = SpinLock::<_, This>::new(Rank::Console, 0, ());
        let env = SpinLock::<_, This>::new(Rank::EnvLife, 0, ());
        INTERRUPTS.set(true);
        env.assert_held();
        let held = (console.lock(), env.lock());
        order::gate::<This>(Gate::Halt);
        order::print_held::<This>();
        assert_eq!(order::reports::<This>(), 0);
        drop(held);
        INTERRUPTS.set(false);
    });
    assert_eq!(OUTSIDE.take(), "");
}
