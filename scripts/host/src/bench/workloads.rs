//! What is measured: one entry for each program `bench_*` of `user/`.
//!
//! A worker a CPU does a fixed number of operations. In a *private* workload workers share nothing that the interface does
//! not make them share, so a kernel without a needless lock is as many times faster as there are CPUs. In a *shared* one
//! the interface itself puts all of them in front of one thing, and no kernel can do that.

use anyhow::{Result, bail};

/// Why a workload can or cannot get faster with more CPUs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing is shared that need be.
    Private,
    /// All want the same thing; the text names it.
    Shared(&'static str),
}

/// A program `bench_NAME`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Workload {
    /// NAME.
    pub(super) name: &'static str,
    /// A few words for the head of a plot.
    pub(super) title: &'static str,
    /// What one operation is.
    pub(super) operation: &'static str,
    /// Whether it can scale.
    pub(super) kind: Kind,
    /// Operations of all workers together that take about a second by the wall clock under TCG.
    pub(super) wall: u32,
    /// How many operations the program does at once, where that is not one.
    pub(super) many: u32,
    /// What the rig's window is multiplied with: operations that take long need a longer one.
    pub(super) window: u32,
    /// Environments for each worker, itself included: the kernel has 1024 in all.
    pub(super) envs: u16,
}

/// All of them, private ones first.
pub(super) const ALL: [Workload; 16] = [
    Workload {
        name: "null",
        title: "null call",
        operation: "the system call that does nothing, getenvid",
        kind: Kind::Private,
        wall: 1_000_000,
        many: 1,
        window: 1,
        envs: 1,
    },
    Workload {
        name: "page",
        title: "page alloc + unmap",
        operation: "a page allocated at an address, and unmapped",
        kind: Kind::Private,
        wall: 120_000,
        many: 1,
        window: 1,
        envs: 1,
    },
    Workload {
        name: "burst",
        title: "96 pages at once",
        operation: "96 pages allocated, then all of them unmapped: more than a CPU keeps at hand",
        kind: Kind::Private,
        wall: 2_000,
        many: 1,
        window: 4,
        envs: 1,
    },
    Workload {
        name: "map",
        title: "map into a child",
        operation: "a page of the parent mapped in its child, and unmapped there",
        kind: Kind::Private,
        wall: 300_000,
        many: 1,
        window: 1,
        envs: 2,
    },
    Workload {
        name: "fault",
        title: "page fault with upcall",
        operation: "a page fault that the program's own handler answers by allocating the page, which is then unmapped",
        kind: Kind::Private,
        wall: 80_000,
        many: 1,
        window: 1,
        envs: 1,
    },
    Workload {
        name: "churn",
        title: "env made + destroyed",
        operation: "an environment made by exofork and destroyed before it ran",
        kind: Kind::Private,
        wall: 40_000,
        many: 1,
        window: 1,
        envs: 2,
    },
    Workload {
        name: "fork",
        title: "fork + exit",
        operation: "a copy-on-write child that ends at once, and its parent's wait for that",
        kind: Kind::Private,
        wall: 3_000,
        many: 1,
        window: 4,
        envs: 2,
    },
    Workload {
        name: "sfork",
        title: "sfork pair",
        operation: "a child that shares its parent's memory, counts there and ends",
        kind: Kind::Private,
        wall: 2_000,
        many: 1,
        window: 4,
        envs: 2,
    },
    Workload {
        name: "tree",
        title: "fork tree",
        operation: "a child in a binary tree of 14 forked children, which ends from the leaves",
        kind: Kind::Private,
        wall: 1_680,
        many: 14,
        window: 4,
        envs: 15,
    },
    Workload {
        name: "ipc",
        title: "IPC pair",
        operation: "a word sent to a partner of one's own, and its answer",
        kind: Kind::Private,
        wall: 60_000,
        many: 1,
        window: 1,
        envs: 2,
    },
    Workload {
        name: "primes",
        title: "prime sieve",
        operation: "a number sent through a chain of nine environments, until one finds that its prime divides it",
        kind: Kind::Private,
        wall: 20_000,
        many: 1,
        window: 1,
        envs: 10,
    },
    Workload {
        name: "mixed",
        title: "mixture",
        operation: "at random 40 % null calls, 25 % pages, 15 % mappings, 15 % round trips, 5 % forks",
        kind: Kind::Private,
        wall: 20_000,
        many: 1,
        window: 2,
        envs: 4,
    },
    Workload {
        name: "share",
        title: "one page mapped by all",
        operation: "a second mapping, in its own address space, of a page that all workers have",
        kind: Kind::Shared("the frame's reference count"),
        wall: 300_000,
        many: 1,
        window: 1,
        envs: 1,
    },
    Workload {
        name: "server",
        title: "one server for all",
        operation: "a word sent to the one server, and its answer",
        kind: Kind::Shared("the server: one environment runs on one CPU at a time"),
        wall: 40_000,
        many: 1,
        window: 1,
        envs: 2,
    },
    Workload {
        name: "sink",
        title: "one receiver for all",
        operation: "a word sent to the one receiver",
        kind: Kind::Shared("the receiver: one mailbox, one CPU at a time"),
        wall: 40_000,
        many: 1,
        window: 1,
        envs: 2,
    },
    Workload {
        name: "console",
        title: "console output",
        operation: "a line of 16 characters on the console",
        kind: Kind::Shared("the console: one serial line"),
        wall: 10_000,
        many: 1,
        window: 1,
        envs: 1,
    },
];

/// Environments the kernel has (`abi::NENV`).
const ENVS: u32 = 1024;

impl Workload {
    /// Whether its environments fit with so many workers.
    pub(super) fn fits(&self, cpus: u16) -> bool {
        u32::from(self.envs) * u32::from(cpus) <= ENVS
    }
}

/// The workloads with these names, in the order of the table; all without any.
///
/// # Errors
/// When there is no workload of a name.
pub(super) fn find(names: &[String]) -> Result<Vec<Workload>> {
    if names.is_empty() {
        return Ok(ALL.to_vec());
    }
    let known = |name: &String| ALL.iter().any(|workload| workload.name == *name);
    let Some(unknown) = names.iter().find(|name| !known(name)) else {
        return Ok(ALL.into_iter().filter(|workload| names.iter().any(|name| name == workload.name)).collect());
    };
    let all: Vec<_> = ALL.iter().map(|workload| workload.name).collect();
    bail!("there is no workload {unknown:?}; there are: {}", all.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programs;

    #[test]
    fn every_benchmark_program_is_in_the_table() {
        let mut names: Vec<_> = ALL.iter().map(|workload| workload.name.to_owned()).collect();
        names.sort();
        let programs = programs::names().expect("user/src/bin is there");
        let benchmarks: Vec<_> = programs.iter().filter_map(|name| name.strip_prefix("bench_")).collect();
        assert_eq!(names, benchmarks);
    }

    #[test]
    fn an_unknown_workload_is_told_the_known_ones() {
        let message = find(&["nul".to_owned()]).expect_err("no such workload").to_string();
        assert!(message.contains("\"nul\"") && message.contains("null page"), "{message}");
    }

    #[test]
    fn all_fit_on_64_cpus() {
        assert!(ALL.iter().all(|workload| workload.fits(64)));
        assert!(!ALL.iter().all(|workload| workload.fits(255)));
    }
}
