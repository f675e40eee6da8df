//! What is checked. Each test says what has to be changed in the kernel's file to see it fail; each of these was tried.

mod audits;
mod end;
mod memory;
mod messages;
mod notes;
mod queues;
mod turns;
mod wakes;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::{Mutex, PoisonError};

use abi::EnvId;
use loom::cell::UnsafeCell;
use loom::thread;

use crate::atomic::{AtomicU32, Order, Ordering, begin};
use crate::env::life::Tenancy;
use crate::env::{Life, OnCpu, exit, table};
use crate::machine::on_cpu;
use crate::mm::entry::Entry;
use crate::mm::frame::PageRef;
use crate::pool::Pool;
use crate::presence::{FLUSH, STOP};
use crate::trap::irq;
use crate::{Rank, cpu, finish, idle, machine, presence, sched, smp, without};

/// Tries every interleaving of the threads that `run` starts, with up to this many preemptions. Nearly all races that there
/// are show with two (M. Musuvathi and S. Qadeer, "Iterative Context Bounding", 2007).
fn explore(preemptions: usize, run: impl Fn() + Send + Sync + 'static) {
    explore_in(Order::OfX86, preemptions, run);
}

/// The same in another order.
pub(crate) fn explore_in(order: Order, preemptions: usize, run: impl Fn() + Send + Sync + 'static) {
    // What locks protect is in statics, which all tests share.
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(move || {
        begin(order);
        finish::expect(None);
        irq::set_ticking(false);
        smp::set_count(crate::config::NCPU);
        without::nothing(meet);
        smp::set_count(2);
        run();
    });
    without::tell();
}

/// Looks at every word once: for the checker, a word that a thread makes is that thread's until others hear of it.
fn meet() {
    for slot in 0..table::SLOTS {
        presence::arrive(&tenant(slot));
        presence::leave(&tenant(slot));
        table::env(slot).refused_by.load(Ordering::Relaxed);
        for word in table::record(slot).words() {
            word.load(Ordering::Relaxed);
        }
    }
    for block in (0..crate::config::NCPU).map(cpu::get) {
        block.user_slot.load(Ordering::Relaxed);
        block.wakes.load(Ordering::Relaxed);
        block.idle.load(Ordering::Relaxed);
    }
    assert!(!sched::any_queued() && !idle::is_idle(0) && table::returned() == 0);
}

/// Takes all frames that are free, so that the next run finds none; says how many there were.
fn take_memory() -> usize {
    core::iter::from_fn(PageRef::alloc).map(PageRef::into_entry).count()
}

/// What the life lock of `slot` would guard, for a test that has no use for that lock.
fn tenant(slot: usize) -> Life {
    Life { id: EnvId(u32::try_from(slot).expect("a small number")), ..Life::EMPTY }
}

fn thaw(slot: usize) {
    let mut life = table::env(slot).life.lock();
    life.frozen = false;
    sched::settle(&mut life);
}

fn freeze(slot: usize) {
    let mut life = table::env(slot).life.lock();
    life.frozen = true;
    sched::settle(&mut life);
}

/// Ends an env that may be in a queue or on no CPU, so that the next run finds nothing of it.
fn end(id: EnvId) {
    exit::destroy(table::env(id.slot()).life.lock(), EnvId::NONE);
}

/// Fails when `presence::entering_user` stores `user_slot` without a locked instruction, or does not look at `attention` then;
/// when `request` sets `attention` without one; when `left_user` stores Relaxed; when `demand` does not wait. (Not when
/// `arrive` stores without one: the next `entering_user` has it.)
#[test]
fn a_page_is_not_used_after_it_was_taken_away() {
    const SLOT: usize = 1;
    explore(3, || {
        let entry = Rc::new(AtomicU32::new(1));
        let page = Rc::new(UnsafeCell::new(()));
        assert_eq!(entry.load(Ordering::Relaxed), 1);
        let (its_entry, its_page) = (entry.clone(), page.clone());
        let child = on_cpu(1, move || {
            // A processor may look an address up long before it needs it, but not before it loads CR3.
            let look_up = || its_entry.load(Ordering::Relaxed) == 1;
            presence::arrive(&tenant(SLOT));
            let mut translation = look_up();
            for _ in 0..2 {
                match presence::entering_user(cpu::this(), SLOT) {
                    Ok(()) => {
                        translation = translation || look_up();
                        if translation {
                            its_page.with(|_| ());
                        }
                        presence::left_user(cpu::this());
                    }
                    Err(asked) => {
                        assert_eq!(asked, FLUSH);
                        translation = look_up();
                    }
                }
            }
        });
        // As `Space::unmap` and `Space::forget` do it.
        Entry::take(&entry);
        presence::demand(SLOT, FLUSH);
        // Somebody else's from now on.
        page.with_mut(|_| ());
        child.join().expect("no CPU panics");
        presence::leave(&tenant(SLOT));
    });
}

/// Fails when `demand` waits until it sees the CPU out of user mode: it may have come and gone.
#[test]
fn who_has_answered_and_gone_back_is_waited_for_no_longer() {
    const SLOT: usize = 1;
    explore(2, || {
        presence::arrive(&tenant(SLOT));
        let done = Rc::new(Cell::new(false));
        let asked = done.clone();
        let asker = on_cpu(1, move || {
            presence::demand(SLOT, FLUSH);
            asked.set(true);
        });
        while presence::entering_user(cpu::this(), SLOT).is_ok() {
            // In user mode, until an interrupt comes.
            machine::halt();
            presence::left_user(cpu::this());
        }
        assert!(presence::entering_user(cpu::this(), SLOT).is_ok(), "once asked, once answered");
        while !done.get() {
            thread::yield_now();
        }
        presence::left_user(cpu::this());
        asker.join().expect("no CPU panics");
        presence::leave(&tenant(SLOT));
    });
}

/// Fails when `presence::entering_user` reads `attention` and clears it in two steps.
#[test]
fn of_what_two_ask_at_once_nothing_is_lost() {
    const SLOT: usize = 1;
    explore(2, || {
        smp::set_count(3);
        presence::arrive(&tenant(SLOT));
        let askers = [(1, STOP), (2, FLUSH)].map(|(cpu, what)| on_cpu(cpu, move || presence::request(SLOT, what)));
        let enter = || match presence::entering_user(cpu::this(), SLOT) {
            Ok(()) => {
                presence::left_user(cpu::this());
                0
            }
            Err(asked) => asked,
        };
        let early = enter() | enter();
        askers.into_iter().for_each(|asker| _ = asker.join().expect("no CPU panics"));
        assert_eq!(early | enter(), STOP | FLUSH);
        presence::leave(&tenant(SLOT));
    });
}

/// Fails when `exit::destroy` does not look whether the env is on a CPU, or destroys a dying one once more; when
/// `sched::release` does not look whether it is dying.
#[test]
fn an_env_that_is_destroyed_while_it_leaves_its_cpu_is_freed_once() {
    explore(3, || {
        let id = table::make(1);
        thaw(1);
        let env = sched::pick(0).expect("it was queued here");
        let destroyer = on_cpu(1, move || {
            end(id);
            // Twice is the same as once.
            end(id);
        });
        sched::release(env);
        destroyer.join().expect("no CPU panics");
        assert_eq!(table::returned(), 1);
        assert_eq!(table::env(1).life.lock().tenancy, Tenancy::Free);
        assert!(sched::pick(0).is_none() && sched::steal().is_none(), "a dead env is queued");
    });
}

/// Fails when a pick does not look at the life again after it has let go of the queue.
#[test]
fn an_env_that_was_frozen_off_every_cpu_does_not_come_to_one() {
    explore(3, || {
        let id = table::make(1);
        thaw(1);
        let parent = on_cpu(1, || {
            freeze(1);
            presence::on_cpu(1).is_none()
        });
        let picked = sched::pick(0);
        let stopped = parent.join().expect("no CPU panics");
        assert!(!stopped || picked.is_none(), "a frozen env runs");
        picked.into_iter().for_each(sched::release);
        end(id);
        assert!(sched::pick(0).is_none() && sched::steal().is_none());
    });
}

/// Fails when `settle` queues an env that is on a CPU, or does not look at `queued_on`; when `release` does not settle.
#[test]
fn an_env_that_is_frozen_and_thawed_while_it_changes_cpus_is_in_one_place() {
    explore(2, || {
        let id = table::make(1);
        thaw(1);
        let parent = on_cpu(1, || {
            table::env(1).life.lock().frozen = true;
            sched::settle(&mut table::env(1).life.lock());
            thaw(1);
            sched::pick(0).into_iter().for_each(sched::release);
        });
        let released = sched::pick(0).map(sched::release).is_some();
        parent.join().expect("no CPU panics");
        let found: Vec<OnCpu> = core::iter::from_fn(|| sched::pick(0).or_else(sched::steal)).collect();
        assert_eq!(found.len(), 1, "released before: {released}");
        found.into_iter().for_each(sched::release);
        end(id);
        assert!(sched::pick(0).is_none() && sched::steal().is_none());
    });
}

/// Fails when `take_far` copies a number under another CPU's lock, and takes it out under that lock later.
#[test]
fn a_number_is_handed_out_to_one_cpu_at_a_time() {
    static POOL: Pool<4, 2, 1, 1> = Pool::new(Rank::FrameCache, Rank::PageAllocator);
    explore(2, || {
        POOL.fill([1, 2].into_iter());
        let take_and_give = || {
            // Both, if the other CPU has none: then that one has to look for them in this one's cache.
            let taken = [POOL.take(), POOL.take()];
            taken.into_iter().flatten().for_each(|number| POOL.give(number));
            POOL.take()
        };
        let other = on_cpu(1, take_and_give);
        let mine = take_and_give();
        let others = other.join().expect("no CPU panics");
        assert!(mine.is_none() || mine != others, "{mine:?} twice");
        let left: Vec<u16> = core::iter::from_fn(|| POOL.take()).collect();
        let mut all: Vec<u16> = left.into_iter().chain(mine).chain(others).collect();
        all.sort_unstable();
        assert_eq!(all, [1, 2]);
    });
}
