//! Audits: what they look at stands still meanwhile.

use std::cell::Cell;
use std::rc::Rc;

use loom::cell::UnsafeCell;
use loom::thread;

use super::explore;
use crate::machine::{self, interrupt, on_cpu};
use crate::stop;

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
