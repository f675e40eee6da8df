//! What all CPUs together were seen to do: for each two classes, who took the one inside the other first, and where.
//!
//! Written only when a CPU does something for its first time (see `order/chains.rs`), so it may be shared. Filled without
//! a lock: whoever is first to claim an edge writes its places.

use super::Site;
use super::held::Held;
use super::trace::EdgeStack;
use crate::atomic::{AtomicBool, AtomicU32};
use crate::pointer::AtomicSite;
use crate::rank::{EDGES, Set};
use crate::{Machine, Rank};
use core::sync::atomic::Ordering::Relaxed;

const N: usize = Rank::COUNT;

/// The learned graph.
pub(crate) struct Graph([[Edge; N]; N]);

/// What is known of taking one class inside another.
pub(crate) struct Edge {
    /// Number of the CPU that did it first, plus one; 0 if nobody did.
    first: AtomicU32,
    /// Whether another CPU has done it as well.
    others: AtomicBool,
    outer: AtomicSite,
    inner: AtomicSite,
    /// The classes that were held beside `outer` each time.
    beside: AtomicU32,
    pub(crate) stack: EdgeStack,
}

impl Graph {
    pub(crate) const fn new() -> Self {
        Self([const { [const { Edge::new() }; N] }; N])
    }

    pub(crate) fn edge(&self, outer: Rank, inner: Rank) -> &Edge {
        &self.0[outer as usize][inner as usize]
    }

    /// Notes that this CPU wants `inner` at `site` while it holds `outer`, beside others in `held`.
    pub(crate) fn note<M: Machine>(&self, outer: Held, inner: Rank, site: Site, held: Set) {
        let edge = self.edge(outer.lock.rank, inner);
        let me = M::cpu() as u32 + 1;
        match edge.first.compare_exchange(0, me, Relaxed, Relaxed) {
            Ok(_) => {
                edge.outer.set(Some(outer.site));
                edge.inner.set(Some(site));
                edge.stack.save::<M>();
            }
            Err(first) if first != me => edge.others.store(true, Relaxed),
            Err(_) => {}
        }
        edge.beside.fetch_and(held & !(1 << outer.lock.rank as u32), Relaxed);
    }

    /// The shortest way from `from` to `to` along edges that were seen or declared: the classes on it, both included.
    pub(crate) fn path(&self, from: Rank, to: Rank) -> Option<Path> {
        let mut back = [None; N];
        let mut queue = Path { ranks: [from; N], len: 1 };
        let mut done = 0;
        while done < queue.len {
            let at = queue.ranks[done];
            done += 1;
            for next in Rank::ALL {
                if next != from && back[next as usize].is_none() && self.leads(at, next) {
                    back[next as usize] = Some(at);
                    queue.ranks[queue.len] = next;
                    queue.len += 1;
                }
            }
        }
        back[to as usize]?;
        let mut path = Path { ranks: [to; N], len: 1 };
        while let Some(before) = back[path.ranks[path.len - 1] as usize] {
            path.ranks[path.len] = before;
            path.len += 1;
        }
        path.ranks[..path.len].reverse();
        Some(path)
    }

    pub(crate) fn reset(&self) {
        for edge in self.0.iter().flatten() {
            edge.first.store(0, Relaxed);
            edge.others.store(false, Relaxed);
            edge.beside.store(u32::MAX, Relaxed);
        }
    }

    fn leads(&self, outer: Rank, inner: Rank) -> bool {
        self.edge(outer, inner).is_seen() || declared(outer, inner).is_some()
    }
}

/// The edge of the declaration from `outer` to `inner`, if there is one.
pub(crate) fn declared(outer: Rank, inner: Rank) -> Option<&'static crate::rank::Edge> {
    EDGES.iter().find(|edge| edge.outer == outer && edge.inner == inner)
}

/// Classes in a row, each held while the next is wanted.
pub(crate) struct Path {
    ranks: [Rank; N],
    len: usize,
}

impl Path {
    pub(crate) fn ranks(&self) -> &[Rank] {
        &self.ranks[..self.len]
    }

    /// Each two neighbours.
    pub(crate) fn edges(&self) -> impl Iterator<Item = (Rank, Rank)> {
        self.ranks().windows(2).map(|two| (two[0], two[1]))
    }
}

impl Edge {
    const fn new() -> Self {
        Self {
            first: AtomicU32::new(0),
            others: AtomicBool::new(false),
            outer: AtomicSite::new(),
            inner: AtomicSite::new(),
            beside: AtomicU32::new(u32::MAX),
            stack: EdgeStack::new(),
        }
    }

    pub(crate) fn is_seen(&self) -> bool {
        self.first.load(Relaxed) != 0
    }

    /// The CPU that did it first.
    pub(crate) fn first_cpu(&self) -> Option<usize> {
        (self.first.load(Relaxed) as usize).checked_sub(1)
    }

    /// Whether no CPU but `cpu` has done it.
    pub(crate) fn only_by(&self, cpu: usize) -> bool {
        self.first_cpu() == Some(cpu) && !self.others.load(Relaxed)
    }

    /// Where the outer and the inner lock were taken the first time.
    pub(crate) fn sites(&self) -> (Option<Site>, Option<Site>) {
        (self.outer.get(), self.inner.get())
    }

    /// The classes that were held beside the outer one every time.
    pub(crate) fn beside(&self) -> Set {
        self.beside.load(Relaxed)
    }
}
