//! Waking idle CPUs.

use super::{end, explore, thaw};
use crate::env::table;
use crate::machine::on_cpu;
use crate::{big, idle, sched, smp};

/// Fails when `idle::wait` does not look at the queues after it has announced itself; when `announce` is no locked instruction;
/// when `rouse` sends no interrupt; when neither the fence in `sched::enqueue` is there nor `with_queue`'s stores are
/// sequentially consistent. (On x86 one of the two is enough: such a store is an `xchg`.)
#[test]
fn an_idle_cpu_gets_the_env_that_is_queued_while_it_goes_to_sleep() {
    explore(3, || {
        let id = table::make(1);
        let waker = on_cpu(1, || thaw(1));
        let env = idle::wait(&mut big::Guard(core::marker::PhantomData));
        assert_eq!(env.id(), id);
        waker.join().expect("no CPU panics");
        sched::release(env);
        end(id);
        assert!(sched::pick(0).is_none());
    });
}

/// Fails when `idle::wait` does not take its own bit back: then the interrupt goes to the CPU that has an env already, and the one
/// that sleeps goes on sleeping.
#[test]
fn a_cpu_that_has_an_env_does_not_pass_for_an_idle_one() {
    explore(2, || {
        smp::set_count(3);
        let ids = [1, 2].map(table::make);
        let waker = on_cpu(1, || thaw(1));
        let sleeper = on_cpu(2, || sched::release(idle::wait(&mut big::Guard(core::marker::PhantomData))));
        let env = idle::wait(&mut big::Guard(core::marker::PhantomData));
        thaw(2);
        [waker, sleeper].into_iter().for_each(|other| other.join().expect("no CPU panics"));
        sched::release(env);
        ids.into_iter().for_each(end);
        assert!(sched::pick(0).is_none() && sched::steal().is_none());
    });
}

/// Fails when `wake` is content to have found one idle CPU that another one was faster to wake: there are others.
#[test]
fn two_that_queue_at_once_wake_two() {
    explore(2, || {
        smp::set_count(3);
        [1, 2].into_iter().for_each(idle::announce);
        let other = on_cpu(3, || idle::rouse(3));
        idle::rouse(0);
        other.join().expect("no CPU panics");
        assert!(![1, 2].into_iter().any(idle::is_idle), "one goes on sleeping beside what is queued");
    });
}
