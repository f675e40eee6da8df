//! The rules: may this CPU, which holds these locks, wait for that one?
//!
//! No state and no output, so a test can ask about every combination. What other CPUs were seen to do is asked
//! elsewhere (`order/learned.rs`).

use super::Lock;
use super::held::Held;
use super::kind::Kind;
use crate::rank::Pairs;

/// The first rule that waiting for `wanted` breaks, and the held lock that it breaks it with.
///
/// That a CPU waits for itself is the worst; it is found even if another rule is broken too.
pub(crate) fn check(held: impl Iterator<Item = Held>, wanted: Lock) -> Option<(Kind, Held)> {
    let mut first = None;
    for held in held {
        match broken(held.lock, wanted) {
            Some(Kind::SelfDeadlock) => return Some((Kind::SelfDeadlock, held)),
            Some(kind) => first = first.or(Some((kind, held))),
            None => {}
        }
    }
    first
}

/// The rule that a CPU breaks when it holds `held` and waits for `wanted`.
fn broken(held: Lock, wanted: Lock) -> Option<Kind> {
    if held.address == wanted.address {
        Some(Kind::SelfDeadlock)
    } else if held.rank.is_wait() {
        Some(Kind::AnswerOwed)
    } else if held.rank == wanted.rank {
        broken_in_class(held, wanted)
    } else if held.rank.allows(wanted.rank) {
        None
    } else if wanted.rank.is_wait() {
        Some(Kind::RemoteWait)
    } else if held.rank.is_leaf() {
        Some(Kind::Leaf)
    } else if wanted.rank.allows(held.rank) {
        Some(Kind::Inversion)
    } else {
        Some(Kind::Undeclared)
    }
}

/// The same for two locks of one class.
fn broken_in_class(held: Lock, wanted: Lock) -> Option<Kind> {
    if held.rank.pairs() == Pairs::Never {
        Some(Kind::PairNever)
    } else if held.key == wanted.key {
        Some(Kind::PairEqual)
    } else {
        (held.key > wanted.key).then_some(Kind::PairOrder)
    }
}
