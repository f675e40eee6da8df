//! Audits: what they look at stands still meanwhile.

use std::cell::Cell;
use std::rc::Rc;

use loom::cell::UnsafeCell;
use loom::thread;

use super::{explore, explore_in};
use crate::atomic::{AtomicU32, Order, Ordering};
use crate::machine::{self, interrupt, on_cpu};
use crate::mm::entry::Entry;
use crate::{stop, tlb};

/// Fails when `stop::go_on` does not say that the CPU goes on before it looks whether it is asked, or does not look; when
/// `with_others_stopped` does not wait.
#[test]
fn what_an_audit_looks_at_stands_still() {
    explore(3, || {
        // As in `meet`: the words are there before the CPUs part.
        on_cpu(1, || stop::halt(|| ())).join().expect("no CPU panics");
        let (books, over) = (Rc::new(UnsafeCell::new(())), Rc::new(Cell::new(false)));
        let (its_books, its_over) = (books.clone(), over.clone());
        let other = on_cpu(1, move || {
            its_books.with_mut(|_| ());
            stop::gate();
            its_books.with_mut(|_| ());
            stop::halt(|| ());
            its_books.with_mut(|_| ());
            stop::halt(machine::halt);
            its_books.with_mut(|_| ());
            stop::halt(|| {
                while !its_over.get() {
                    thread::yield_now();
                }
            });
        });
        let faults = stop::with_others_stopped(|| {
            books.with(|_| ());
            0
        });
        assert_eq!(faults, Some(0));
        over.set(true);
        interrupt(1);
        other.join().expect("no CPU panics");
    });
}

/// Fails when the second asker goes ahead, or waits without passing a gate.
#[test]
fn of_two_that_make_an_audit_one_stops_for_the_other() {
    explore(2, || {
        on_cpu(1, || stop::halt(|| ())).join().expect("no CPU panics");
        stop::halt(|| ());
        let (books, made) = (Rc::new(UnsafeCell::new(())), Rc::new(Cell::new(0)));
        let audit = move |books: &UnsafeCell<()>, made: &Cell<u32>| {
            loop {
                let look = || {
                    books.with_mut(|_| ());
                    0
                };
                if stop::with_others_stopped(look).is_some() {
                    break;
                }
                stop::gate();
                thread::yield_now();
            }
            made.set(made.get() + 1);
            stop::halt(|| {
                while made.get() < 2 {
                    thread::yield_now();
                }
            });
        };
        let (its_books, its_made) = (books.clone(), made.clone());
        let other = on_cpu(1, move || audit(&its_books, &its_made));
        audit(&books, &made);
        other.join().expect("no CPU panics");
    });
}

/// Fails when `tlb::changed` counts, or `tlb::loading` looks, in no order with the rest.
#[test]
fn a_stale_translation_is_known_by_its_generation() {
    const SLOT: usize = 1;
    explore_in(Order::AsWritten, 2, || {
        on_cpu(1, || tlb::loading(SLOT)).join().expect("no CPU panics");
        let entry = Rc::new(AtomicU32::new(1));
        assert_eq!(entry.load(Ordering::Relaxed), 1);
        let its_entry = entry.clone();
        let other = on_cpu(1, move || {
            tlb::loading(SLOT);
            its_entry.load(Ordering::Relaxed)
        });
        Entry::take(&entry);
        tlb::changed(SLOT);
        let translation = other.join().expect("no CPU panics");
        assert!(translation == 0 || tlb::stale(1, SLOT).is_some());
    });
}
