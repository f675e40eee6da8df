//! What each CPU holds, read and changed: the slow ways.

use super::chains::{Chain, NOTHING};
use super::held::{Held, Notes, Now};
use super::{Checker, Lock, here, this_cpu};
use crate::{MAX_CPUS, Machine, Rank};
use core::panic::Location;
use core::sync::atomic::Ordering::Relaxed;

impl Checker {
    /// What CPU `cpu` holds.
    pub(super) fn now(&self, cpu: usize) -> &'static Chain {
        let place = self.cpus[cpu].place.load(Relaxed).checked_sub(1);
        place.and_then(|place| self.now.get(place)).map_or(&NOTHING, Now::get)
    }

    /// What CPU `cpu` holds, first taken first. A CPU in user mode, or on its way there, holds its answer.
    pub(super) fn held(&self, cpu: usize) -> Notes {
        self.now(cpu).held()
    }

    /// What CPU `cpu` holds and is a lock.
    pub(super) fn locks(&self, cpu: usize) -> impl Iterator<Item = Held> {
        let mut held = self.held(cpu).into_iter();
        core::iter::from_fn(move || held.find(|held| !held.lock.rank.is_wait()))
    }

    /// Who holds the lock at `address`, if anybody does: CPU and entry.
    pub(super) fn holder_of(&self, address: usize) -> Option<(usize, Held)> {
        (0..MAX_CPUS).find_map(|cpu| Some((cpu, self.now(cpu).find(address)?)))
    }

    /// What this CPU holds, as a chain of its own and without anything that was crossed out: to be called before a chain is
    /// made or changed.
    pub(super) fn arrive<M: Machine>(&'static self) -> &'static Chain {
        let (cpu, place) = (this_cpu::<M>(), M::place());
        let now = &self.now[place];
        let before = cpu.place.swap(place + 1, Relaxed);
        if before != place + 1 {
            // Its first time here. Where it was, if it was anywhere, may become another CPU's.
            if let Some(old) = before.checked_sub(1) {
                self.now[old].leave();
            }
            now.settle(cpu.chains.home(M::cpu()));
        } else if now.get().has_hole() {
            now.set(cpu.chains.rebuild(&now.get().held()));
        }
        now.get()
    }

    /// What this CPU would hold with one more lock of class `rank`; `None` if that is too many. If it is an answer, it is the
    /// CPU's own, and noted; a lock is not.
    #[track_caller]
    pub(super) fn chain_with<M: Machine>(&'static self, rank: Rank) -> Option<&'static Chain> {
        let (now, chains) = (self.arrive::<M>(), &this_cpu::<M>().chains);
        if now.is_full() {
            return None;
        }
        let chain = chains.inside(now, rank).or_else(|| {
            let held = now.held();
            chains.forget();
            let now = chains.rebuild(&held);
            here::<M>().set(now);
            chains.inside(now, rank)
        })?;
        if rank.is_wait() {
            let lock = Self::answer(M::cpu());
            chain.note(lock.word(), lock.address, Location::caller());
        }
        Some(chain)
    }

    /// This CPU does not hold the lock at `address` any more.
    pub(super) fn remove<M: Machine>(&'static self, address: usize) {
        let now = self.arrive::<M>();
        if now.is_last(address) {
            here::<M>().set(now.outer());
        } else if let Some(rest) = now.held().without(address) {
            here::<M>().set(this_cpu::<M>().chains.rebuild(&rest));
        }
    }

    /// The answer of CPU `cpu`, as if it were a lock. Its place in memory is one that no lock has.
    #[inline]
    pub(super) fn answer(cpu: usize) -> Lock {
        Lock { address: usize::MAX - cpu, rank: Rank::CpuAnswer, key: cpu as u16 }
    }
}
