//! The end of everything: seen when no env can ever run again, by one CPU, and not before.

use std::cell::Cell;
use std::rc::Rc;

use abi::Error;
use loom::cell::UnsafeCell;
use loom::thread;

use super::{end, explore, thaw};
use crate::atomic::Ordering;
use crate::env::{Current, table};
use crate::machine::on_cpu;
use crate::syscall::Fail;
use crate::trap::irq;
use crate::{big, cpu, finish, idle, ipc, sched, smp};

/// What the CPUs of a test do until the end of everything, and the envs that are made runnable then, one for each of them.
#[derive(Clone, Default)]
struct Work {
    in_hand: Rc<Cell<u32>>,
    done: Rc<Cell<u32>>,
    /// Whether envs stay in hand.
    long: Rc<Cell<bool>>,
}

const LAST: [usize; 2] = [0, 3];

impl Work {
    /// Expects an end when this many envs have run.
    fn expect(&self, least: u32) {
        let (truth, books) = (self.clone(), UnsafeCell::new(()));
        finish::expect(Some(Rc::new(move || {
            // One CPU at a time, and each hears of what the last one did.
            books.with_mut(|_| ());
            assert_eq!((truth.in_hand.get(), truth.done.get()), (0, least), "in hand, done");
            LAST.into_iter().for_each(thaw);
        })));
    }

    /// Runs, on this CPU, what there is to run, each env once.
    fn until_the_end(&self) {
        loop {
            let env = idle::wait(&mut big::Guard(core::marker::PhantomData));
            self.in_hand.set(self.in_hand.get() + 1);
            while self.long.get() {
                thread::yield_now();
            }
            let slot = env.slot();
            table::env(slot).life.lock().frozen = true;
            self.done.set(self.done.get() + 1);
            self.in_hand.set(self.in_hand.get() - 1);
            sched::release(env);
            if LAST.contains(&slot) {
                return;
            }
        }
    }
}

/// Fails when `idle::wait` does not say that it has left the idle state before it looks for work; when `FINISHED` is not looked
/// at, or not followed by a second look.
#[test]
fn the_end_is_seen_once_and_not_before_all_is_done() {
    explore(2, || {
        let ids = [0, 1, 3].map(table::make);
        let work = Work::default();
        work.expect(1);
        let its_work = work.clone();
        let other = on_cpu(1, move || its_work.until_the_end());
        thaw(1);
        work.until_the_end();
        other.join().expect("no CPU panics");
        assert_eq!(work.done.get(), 3);
        ids.into_iter().for_each(end);
    });
}

/// Fails when `idle::all_is_quiet` looks at the CPUs once. (Not when it looks at the queues at another time; that it looks at all
/// is what the next test is for.)
#[test]
fn an_env_that_goes_from_cpu_to_cpu_is_not_overlooked() {
    explore(3, || {
        loom::stop_exploring();
        smp::set_count(3);
        let ids = [0, 1, 3].map(table::make);
        thaw(1);
        let env = sched::pick(0).expect("it was queued here");
        table::record(1).cpunum.store(1, Ordering::Relaxed);
        let work = Work::default();
        work.in_hand.set(1);
        work.long.set(true);
        finish::expect(Some(Rc::new(thread::yield_now)));
        let (taker, giver) = (work.clone(), work.clone());
        let begin = Rc::new(Cell::new(false));
        let begun = begin.clone();
        let others = [
            on_cpu(1, move || taker.until_the_end()),
            on_cpu(2, move || {
                while !begun.get() {
                    thread::yield_now();
                }
                giver.in_hand.set(0);
                sched::release(env);
                giver.until_the_end();
            }),
        ];
        cpu::this().idle.store(true, Ordering::SeqCst);
        while !idle::is_idle(1) {
            thread::yield_now();
        }
        loom::explore();
        begin.set(true);
        if idle::all_is_quiet() {
            assert_eq!((work.in_hand.get(), work.done.get()), (0, 1), "in hand, done");
        }
        loom::skip_branch();
        work.long.set(false);
        cpu::this().idle.store(false, Ordering::SeqCst);
        LAST.into_iter().for_each(thaw);
        others.into_iter().for_each(|other| other.join().expect("no CPU panics"));
        ids.into_iter().for_each(end);
    });
}

/// Fails when `sched::any_queued` looks for envs to run before it looks for patient ones, or `Queue::publish` writes the lengths
/// the other way round: then one whose patience ends between the looks is in no queue.
#[test]
fn an_env_whose_patience_ends_is_queued_all_the_time() {
    explore(2, || {
        let id = table::make(1);
        table::env(1).life.lock().patient = true;
        thaw(1);
        let other = on_cpu(1, || assert!(sched::any_queued(), "an env was overlooked"));
        sched::hurry_all();
        other.join().expect("no CPU panics");
        end(id);
        assert!(sched::pick(0).is_none());
    });
}

/// Fails when `idle::wait` counts that it wakes, or `idle::all_idle` or `sched::any_ready` looks, in no order with the rest.
#[test]
fn an_env_that_wakes_another_one_is_not_overlooked() {
    explore(3, || {
        smp::set_count(3);
        let ids = [1, 2].map(table::make);
        for cpu in 0..3 {
            cpu::get(cpu).idle.store(true, Ordering::SeqCst);
            idle::announce(cpu);
        }
        for slot in [1, 2] {
            table::record(slot).cpunum.store(u32::try_from(slot).expect("a small number"), Ordering::Relaxed);
        }
        thaw(2);
        let other = on_cpu(2, || {
            // An env that sends a message to one that was on CPU 1, and waits for one itself.
            let env = idle::wait(&mut big::Guard(core::marker::PhantomData));
            thaw(1);
            table::env(2).life.lock().frozen = true;
            sched::release(env);
            // CPU 1 may have taken the other env meanwhile, so there is nothing to do here.
            cpu::this().idle.store(true, Ordering::SeqCst);
        });
        assert!(!idle::all_is_quiet(), "an env was overlooked");
        other.join().expect("no CPU panics");
        ids.into_iter().for_each(end);
    });
}

/// Fails when `idle::all_is_quiet` does not count patient envs; when `idle::wait` does not look for such in its queue.
#[test]
fn the_end_is_not_seen_while_an_env_is_patient() {
    explore(1, || {
        irq::set_ticking(true);
        let ids = [0, 1, 2, 3].map(table::make);
        let work = Work::default();
        work.expect(1);
        [1, 2].into_iter().for_each(thaw);
        let (busy, me) = (sched::pick(0).expect("queued here"), sched::pick(1).expect("queued here"));
        let its_work = work.clone();
        let other = on_cpu(1, move || {
            table::env(1).life.lock().frozen = true;
            sched::release(busy);
            its_work.until_the_end();
        });
        let refused = ipc::try_send(&Current(&me), ids[1], 7, u32::MAX, 0);
        assert_eq!(refused, Err(Fail(Error::IpcNotRecv)));
        ipc::yield_cpu(&Current(&me));
        sched::release(me);
        work.until_the_end();
        other.join().expect("no CPU panics");
        assert_eq!(work.done.get(), 3);
        ids.into_iter().for_each(end);
    });
}

/// Fails when `sched::enqueue` gives a patient env to a CPU that sleeps: that one takes no ticks.
#[test]
fn a_patient_env_is_queued_where_its_patience_ends() {
    explore(1, || {
        irq::set_ticking(true);
        let ids = [0, 1, 3].map(table::make);
        let work = Work::default();
        work.expect(1);
        let its_work = work.clone();
        let other = on_cpu(1, move || its_work.until_the_end());
        // Frozen and thawed while it waits to send, after it was on that CPU.
        table::record(1).cpunum.store(1, Ordering::Relaxed);
        table::env(1).life.lock().patient = true;
        thaw(1);
        work.until_the_end();
        other.join().expect("no CPU panics");
        assert_eq!(work.done.get(), 3);
        ids.into_iter().for_each(end);
    });
}
