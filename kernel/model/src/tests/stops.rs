//! Stopping CPUs for an audit: while it is made, nobody else goes on.

use std::cell::Cell;
use std::rc::Rc;

use loom::cell::UnsafeCell;
use loom::thread;

use super::explore;
use crate::machine::on_cpu;
use crate::stop;

/// Looks at every word once, as each CPU.
fn meet() {
    loom::stop_exploring();
    on_cpu(1, || stop::halt(|| ())).join().expect("no CPU panics");
    stop::halt(|| ());
    loom::explore();
}

/// Fails when `stop::go_on` looks whether an audit is made before it says that it goes on; when `gate` or `halt` does not end
/// with `go_on`; when `with_others_stopped` does not wait, or says too early that it is over; when one of the stores of
/// `stopped` or `ASKER` is no locked instruction.
#[test]
fn what_an_audit_looks_at_stands_still() {
    explore(3, || {
        meet();
        let (books, done) = (Rc::new(UnsafeCell::new(())), Rc::new(Cell::new(false)));
        let (its_books, its_done) = (books.clone(), done.clone());
        let other = on_cpu(1, move || {
            its_books.with_mut(|_| ());
            stop::gate();
            its_books.with_mut(|_| ());
            // One interrupt or another ends the sleep.
            stop::halt(|| ());
            its_books.with_mut(|_| ());
            stop::halt(|| {
                while !its_done.get() {
                    thread::yield_now();
                }
            });
        });
        let faults = stop::with_others_stopped(|| {
            books.with_mut(|_| ());
            0
        });
        assert_eq!(faults, Some(0));
        done.set(true);
        other.join().expect("no CPU panics");
    });
}

/// Fails when the second asker goes ahead, or waits without passing a gate.
#[test]
fn of_two_that_make_an_audit_one_stops_for_the_other() {
    explore(2, || {
        meet();
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
