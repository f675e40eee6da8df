//! What a CPU notes for the reports of others: who finds it finds what was written before.

use std::panic::Location;
use std::rc::Rc;

use loom::cell::UnsafeCell;

use super::explore_in;
use crate::atomic::Order;
use crate::machine::on_cpu;
use crate::noted::{Noted, Said};
use crate::pointer::{AlwaysRef, AtomicRef};

/// CPU 1 writes something and notes that it has; this CPU looks at that if it finds the note.
fn is_seen_behind<T: 'static>(make: fn() -> T, note: fn(&T), is_noted: fn(&T) -> bool) {
    explore_in(Order::AsWritten, 2, move || {
        let (word, written) = (Rc::new(make()), Rc::new(UnsafeCell::new(())));
        assert!(!is_noted(&word));
        let (its_word, its_written) = (word.clone(), written.clone());
        let other = on_cpu(1, move || {
            its_written.with_mut(|_| ());
            note(&its_word);
        });
        if is_noted(&word) {
            written.with(|_| ());
        }
        other.join().expect("no CPU panics");
        assert!(is_noted(&word));
    });
}

static PLACES: [u8; 2] = [0, 1];

/// Fails when `AtomicRef`, or `AlwaysRef`, stores or loads in no order.
#[test]
fn what_a_reference_leads_to_is_written() {
    is_seen_behind(AtomicRef::new, |place| place.set(Some(&PLACES[1])), |place| place.get().is_some());
    is_seen_behind(|| AlwaysRef::new(&PLACES[0]), |place| place.set(&PLACES[1]), |place| *place.get() == 1);
}

/// Fails when `Said` stores or loads in no order.
#[test]
fn what_was_done_before_it_was_said_is_seen() {
    is_seen_behind(Said::new, Said::say, Said::is_said);
}

/// Fails when the address of a lock is noted, or looked at, in no order with its word.
#[test]
fn a_lock_is_not_noted_before_its_rank() {
    explore_in(Order::AsWritten, 2, || {
        let noted = Rc::new(Noted::new());
        assert!(noted.is_at(0) && noted.word() == 0 && noted.site().is_none());
        let its = noted.clone();
        let other = on_cpu(1, move || {
            its.set_word(7);
            its.set_site(Location::caller());
            its.set_address(1000);
        });
        assert!(noted.get().is_none_or(|(address, word, _)| (address, word) == (1000, 7)));
        other.join().expect("no CPU panics");
        assert!(noted.get().is_some());
    });
}
