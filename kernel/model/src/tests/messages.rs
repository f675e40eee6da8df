//! Messages: delivered once, to an env that wakes; and the patience of those that were refused.

use abi::{EnvStatus, Error, PteFlags};
use loom::thread;

use super::{end, explore, take_memory, thaw};
use crate::atomic::{AtomicU32, Ordering};
use crate::env::{Current, OnCpu, table};
use crate::machine::on_cpu;
use crate::mm::frame::{self, PageRef};
use crate::syscall::{Fail, Reply};
use crate::{big, idle, ipc, sched};

/// Fails when `ipc::recv` sets `Life::receiving` in a critical section of its own, after all the rest; when `try_send` does not
/// settle, or clears only one of the two flags; when `release` or `settle` forgets the queue.
#[test]
fn a_message_that_was_delivered_wakes_its_receiver() {
    explore(2, || {
        let (receiver, sender) = (table::make(1), table::make(2));
        thaw(1);
        let env = sched::pick(0).expect("it was queued here");
        let seen = |word: &AtomicU32| word.load(Ordering::Acquire);
        let other = on_cpu(1, move || {
            let me = OnCpu::new(&table::env(2).life.lock());
            if seen(&table::record(1).ipc_recving) == 1 {
                assert_eq!(seen(&table::record(1).ipc_dstva), u32::MAX, "receiving, and not said where");
            }
            let send = || ipc::try_send(&Current(&me), receiver, 7, u32::MAX, 0);
            let sent = send();
            if sent == Err(Fail(Error::IpcNotRecv)) {
                thread::yield_now();
                return send();
            }
            sent
        });
        assert_eq!(ipc::recv(&Current(&env), u32::MAX), Ok(Reply::Other(0)));
        sched::release(env);
        // What programs see, who take no lock: the words of the message before those that say that it is there.
        let record = table::record(1);
        if seen(&record.ipc_recving) == 0 || seen(&record.status) == EnvStatus::Runnable as u32 {
            assert_eq!(seen(&record.ipc_value), 7, "awake, and no message");
        }
        let delivered = other.join().expect("no CPU panics") == Ok(Reply::Same(0));
        let awake = sched::pick(0).or_else(sched::steal);
        assert_eq!(awake.is_some(), delivered);
        assert_eq!(table::env(1).mailbox.lock().receiving, !delivered);
        awake.into_iter().for_each(sched::release);
        [receiver, sender].into_iter().for_each(end);
        assert!(sched::pick(0).is_none() && sched::steal().is_none());
    });
}

/// Fails when `ipc::recv` invites nobody, or before it says that it is receiving; when `yield_cpu` does not look whether the
/// receiver is receiving by now; when `hurry` wakes nobody.
#[test]
fn a_patient_sender_comes_to_its_turn_when_its_receiver_asks() {
    explore(2, || {
        let (receiver, sender) = (table::make(1), table::make(2));
        [1, 2].into_iter().for_each(thaw);
        let (its_env, me) = (sched::pick(0).expect("queued here"), sched::pick(1).expect("queued here"));
        let other = on_cpu(1, move || {
            assert_eq!(ipc::recv(&Current(&its_env), u32::MAX), Ok(Reply::Other(0)));
            sched::release(its_env);
        });
        if ipc::try_send(&Current(&me), receiver, 7, u32::MAX, 0) == Err(Fail(Error::IpcNotRecv)) {
            ipc::yield_cpu(&Current(&me));
            sched::release(me);
            let me = idle::wait(&mut big::Guard(core::marker::PhantomData));
            assert_eq!(me.id(), sender);
            assert_eq!(ipc::try_send(&Current(&me), receiver, 7, u32::MAX, 0), Ok(Reply::Same(0)));
            sched::release(me);
        } else {
            sched::release(me);
        }
        other.join().expect("no CPU panics");
        [receiver, sender].into_iter().for_each(end);
        assert!(!sched::any_queued());
    });
}

/// No single change was found under which this fails: that `try_send` looks at the tenancy can be left out, since `exit::reap`
/// closes the mailbox before it takes the memory away.
#[test]
fn a_message_to_a_dying_env_is_refused_or_arrives() {
    explore(2, || {
        frame::init(1, |_| true);
        let (receiver, sender) = (table::make(1), table::make(2));
        thaw(1);
        let env = sched::pick(0).expect("it was queued here");
        assert_eq!(ipc::recv(&Current(&env), 0x1000), Ok(Reply::Other(0)));
        sched::release(env);
        let other = on_cpu(1, move || {
            let me = OnCpu::new(&table::env(2).life.lock());
            let flags = PteFlags::P | PteFlags::U;
            let page = PageRef::alloc().expect("there is one");
            table::env(2).space.lock().map(0x2000, page, flags).expect("there is room");
            ipc::try_send(&Current(&me), receiver, 7, 0x2000, flags.bits())
        });
        end(receiver);
        let answer = other.join().expect("no CPU panics");
        assert!(matches!(answer, Ok(Reply::Same(0)) | Err(Fail(Error::BadEnv | Error::IpcNotRecv))), "{answer:?}");
        assert_eq!(table::returned(), 1);
        end(sender);
        assert!(sched::pick(0).is_none() && sched::steal().is_none(), "a dead env is queued");
        assert_eq!(take_memory(), 1);
    });
}

/// Fails when `invite` takes no lock to look for the next one; when it gives up after one that does not wait.
#[test]
fn a_receiver_that_asks_passes_over_those_who_do_not_wait() {
    explore(2, || {
        let ids = [1, 2, 3].map(table::make);
        [1, 3].into_iter().for_each(thaw);
        let (its_env, me) = (sched::pick(0).expect("queued here"), sched::pick(1).expect("queued here"));
        // It has tried again since.
        table::env(1).mailbox.lock().refused.insert(2);
        let other = on_cpu(1, move || {
            assert_eq!(ipc::recv(&Current(&its_env), u32::MAX), Ok(Reply::Other(0)));
            sched::release(its_env);
        });
        if ipc::try_send(&Current(&me), ids[0], 7, u32::MAX, 0) == Err(Fail(Error::IpcNotRecv)) {
            ipc::yield_cpu(&Current(&me));
        }
        sched::release(me);
        other.join().expect("no CPU panics");
        assert!(sched::any_ready(), "the sender waits, and the receiver has asked");
        ids.into_iter().for_each(end);
        assert!(!sched::any_queued());
    });
}

/// Fails when `send_page` takes no lock, or one of the two that it needs.
#[test]
fn a_page_that_is_sent_is_the_sender_s_at_that_moment() {
    for receive_at in [0x1000, u32::MAX] {
        explore(2, move || {
            frame::init(2, |_| true);
            let (receiver, sender) = (table::make(1), table::make(2));
            thaw(1);
            let env = sched::pick(0).expect("it was queued here");
            assert_eq!(ipc::recv(&Current(&env), receive_at), Ok(Reply::Other(0)));
            sched::release(env);
            let flags = PteFlags::P | PteFlags::U;
            let give = move |slot: usize, va: u32, page: PageRef| {
                table::env(slot).space.lock().map(va, page, flags).expect("there is room");
            };
            let [page, another] = [(); 2].map(|()| PageRef::alloc().expect("there are two"));
            give(2, 0x2000, page);
            // Their parent gives the sender another page, and looks at what the receiver has, which is dying by then perhaps.
            let other = on_cpu(1, move || {
                give(2, 0x2000, another);
                table::env(1).space.lock().lookup(0x1000).map(|entry| entry.frame)
            });
            let me = OnCpu::new(&table::env(2).life.lock());
            assert_eq!(ipc::try_send(&Current(&me), receiver, 7, 0x2000, flags.bits()), Ok(Reply::Same(0)));
            let arrived = table::env(1).space.lock().lookup(0x1000).map(|entry| entry.frame);
            assert_eq!(arrived.is_some(), receive_at == 0x1000);
            end(receiver);
            let seen = other.join().expect("no CPU panics");
            assert!(seen.is_none() || seen == arrived);
            end(sender);
            assert!(!sched::any_queued());
            assert_eq!(take_memory(), 2);
        });
    }
}
