//! What follows from the declared edges, found while compiling.
//!
//! The closure says what may be taken inside what, in one bit each. A circle among the edges stops the compiler with the
//! names of the classes on it.

use super::Rank;
use core::panic::Location;

/// A set of classes: bit `rank as u32`.
pub type Set = u32;

const N: usize = Rank::COUNT;
const _: () = assert!(N <= Set::BITS as usize, "a set of classes must have a bit for each");

/// Farther than any class is from any other.
const FAR: usize = N + 1;

/// Class `inner` may be taken while `outer` is held.
#[derive(Debug)]
pub struct Edge {
    /// The class that is taken first.
    pub outer: Rank,
    /// The class that may be taken while `outer` is held.
    pub inner: Rank,
    /// Why it is this way round.
    pub why: &'static str,
    /// Whether the kernel does it, so that a good test run sees it; else it is only allowed.
    pub needed: bool,
    /// Where it is declared.
    pub declared: &'static Location<'static>,
}

/// An edge that the kernel needs.
#[must_use]
#[track_caller]
pub const fn edge(outer: Rank, inner: Rank, why: &'static str) -> Edge {
    Edge { outer, inner, why, needed: true, declared: Location::caller() }
}

/// An edge that the kernel can do without, but that is no mistake.
#[must_use]
#[track_caller]
pub const fn allow(outer: Rank, inner: Rank, why: &'static str) -> Edge {
    Edge { outer, inner, why, needed: false, declared: Location::caller() }
}

/// The transitive closure of a list of edges.
#[derive(Debug)]
pub struct Order([Set; N]);

impl Order {
    /// The closure of `edges`.
    ///
    /// ```compile_fail,E0080
    /// use sync::rank::{Order, Rank, edge};
    /// const CIRCLE: Order = Order::of(&[
    ///     edge(Rank::EnvLife, Rank::EnvIpc, ""),
    ///     edge(Rank::EnvIpc, Rank::EnvVm, ""),
    ///     edge(Rank::EnvVm, Rank::EnvLife, ""),
    /// ]);
    /// # assert!(CIRCLE.allows(Rank::EnvLife, Rank::EnvVm));
    /// ```
    ///
    /// # Panics
    /// If there is a circle, with the names on it; in a `const`, that is an error of the compiler. Also if an edge is
    /// declared twice.
    #[must_use]
    pub const fn of(edges: &[Edge]) -> Self {
        let steps = steps(edges);
        let mut rows = [0; N];
        let mut i = 0;
        while i < N {
            if steps[i][i] < FAR {
                let (text, len) = circle(&steps, i);
                panic!("{}", as_str(&text, len));
            }
            let mut j = 0;
            while j < N {
                rows[i] |= if steps[i][j] < FAR { 1 << j } else { 0 };
                j += 1;
            }
            i += 1;
        }
        Self(rows)
    }

    /// Whether `inner` may be taken while `outer` is held.
    #[must_use]
    pub const fn allows(&self, outer: Rank, inner: Rank) -> bool {
        self.0[outer as usize] & 1 << inner as u32 != 0
    }

    /// All that may be taken while `outer` is held.
    pub(crate) const fn row(&self, outer: Rank) -> Set {
        self.0[outer as usize]
    }
}

/// How many edges lead from each class to each other, at least (Floyd and Warshall).
const fn steps(edges: &[Edge]) -> [[usize; N]; N] {
    let mut steps = [[FAR; N]; N];
    let mut e = 0;
    while e < edges.len() {
        let step = &mut steps[edges[e].outer as usize][edges[e].inner as usize];
        assert!(*step == FAR, "an edge is declared twice");
        *step = 1;
        e += 1;
    }
    let mut cell = 0;
    while cell < N * N * N {
        let (via, i, j) = (cell / (N * N), cell / N % N, cell % N);
        let through = steps[i][via] + steps[via][j];
        if through < steps[i][j] {
            steps[i][j] = through;
        }
        cell += 1;
    }
    steps
}

/// Room for the names of all classes.
const TEXT: usize = 32 * (N + 2);

/// The shortest circle through class `start`, in words.
const fn circle(steps: &[[usize; N]; N], start: usize) -> ([u8; TEXT], usize) {
    let mut text = [0; TEXT];
    let mut len = append(&mut text, 0, "the declared lock order has a circle: ");
    len = append(&mut text, len, super::CLASSES[start].name);
    let (mut at, mut left) = (start, steps[start][start]);
    while left > 0 {
        left -= 1;
        let mut next = 0;
        while !(steps[at][next] == 1 && (if left == 0 { next == start } else { steps[next][start] == left })) {
            next += 1;
        }
        len = append(&mut text, len, " -> ");
        len = append(&mut text, len, super::CLASSES[next].name);
        at = next;
    }
    (text, len)
}

const fn append(text: &mut [u8; TEXT], at: usize, more: &str) -> usize {
    let mut i = 0;
    while i < more.len() {
        text[at + i] = more.as_bytes()[i];
        i += 1;
    }
    at + more.len()
}

const fn as_str(text: &[u8; TEXT], len: usize) -> &str {
    match core::str::from_utf8(text.split_at(len).0) {
        Ok(text) => text,
        Err(_) => "the declared lock order has a circle",
    }
}
