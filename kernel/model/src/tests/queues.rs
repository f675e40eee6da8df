//! Locks that are taken for a moment only, each met there by another CPU. The checker reports two critical sections of one lock
//! that nothing puts in an order, so each of these fails when a lock that it comes to is not taken.

use super::{end, explore, freeze, thaw};
use crate::Rank;
use crate::env::life::Tenancy;
use crate::env::{Current, OnCpu, exit, table};
use crate::machine::on_cpu;
use crate::pool::Pool;
use crate::sched;

/// All envs that can be had, taken off this CPU again; says how many.
fn found() -> usize {
    let found: Vec<OnCpu> = core::iter::from_fn(|| sched::pick(0).or_else(sched::steal)).collect();
    let count = found.len();
    found.into_iter().for_each(sched::release);
    count
}

/// Fails also when `balance` forgets to clear `queued_on`, or to settle.
#[test]
fn an_env_that_is_pulled_over_while_it_is_frozen_is_in_no_queue() {
    explore(2, || {
        let ids = [1, 2].map(table::make);
        [1, 2].into_iter().for_each(thaw);
        let other = on_cpu(1, sched::balance);
        freeze(1);
        let picked = sched::pick(0);
        assert!(picked.as_ref().is_none_or(|env| env.id() == ids[1]), "a frozen env runs");
        picked.into_iter().for_each(sched::release);
        other.join().expect("no CPU panics");
        assert_eq!(found(), 1);
        ids.into_iter().for_each(end);
        assert!(!sched::any_queued());
    });
}

/// Fails also when `hurry` clears `patient` and leaves the slot where it is.
#[test]
fn envs_of_one_queue_are_changed_by_several_cpus_at_once() {
    explore(2, || {
        let ids = [1, 2].map(table::make);
        [1, 2].into_iter().for_each(thaw);
        let me = sched::pick(0).expect("it was queued here");
        assert_eq!(me.id(), ids[0]);
        table::env(me.slot()).life.lock().patient = true;
        let other = on_cpu(1, || {
            freeze(2);
            sched::hurry(1);
        });
        sched::release(me);
        let picked = sched::pick(0);
        other.join().expect("no CPU panics");
        picked.into_iter().for_each(sched::release);
        assert_eq!(found(), 1);
        ids.into_iter().for_each(end);
        assert!(!sched::any_queued());
    });
}

/// Fails also when `destroy` does not look whether the env is dying already.
#[test]
fn an_env_that_ends_itself_while_it_is_destroyed_is_freed_once() {
    explore(2, || {
        let id = table::make(1);
        thaw(1);
        let env = sched::pick(0).expect("it was queued here");
        let destroyer = on_cpu(1, move || end(id));
        sched::may_go_on(&env);
        exit::destroy_current(&Current(&env));
        sched::release(env);
        destroyer.join().expect("no CPU panics");
        assert_eq!(table::returned(), 1);
        assert_eq!(table::env(1).life.lock().tenancy, Tenancy::Free);
    });
}

#[test]
fn numbers_are_counted_while_they_are_taken_and_given() {
    static POOL: Pool<4, 2, 1, 1> = Pool::new(Rank::FrameCache, Rank::PageAllocator);
    explore(2, || {
        POOL.fill([1, 2].into_iter());
        let other = on_cpu(1, || POOL.take().into_iter().for_each(|number| POOL.give(number)));
        assert!(POOL.available() <= 2);
        other.join().expect("no CPU panics");
        assert_eq!(core::iter::from_fn(|| POOL.take()).count(), 2);
    });
}
