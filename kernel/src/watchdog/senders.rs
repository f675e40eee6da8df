//! Envs that wait for each other: each tries to send to the next one again and again, and none of them receives.
//!
//! No lock is involved, so no lock checker sees it, and no CPU stands still. It is the programs' mistake: but whoever looks
//! for it wants to know who waits for whom. Here is noted to whom each env tries to send; if some of them form a circle for as
//! long as the watch-dog's limit, and each has been refused again meanwhile, they are reported. An env that gets its message
//! through, or asks for one, is no part of a circle.

use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use abi::NENV;
use sync::Turn;

use super::{Clock, LIMIT_MS};
use crate::env::table;
use crate::x86::qemu::Ending;
use crate::{console, panic};

/// The most that a look at the clock adds to it, in milliseconds: a few ticks.
const LOOK_MS: u32 = 50;
/// How often each has to be refused again.
const TRIES: u32 = 3;
const NOBODY: usize = NENV;

/// What an env tries to send.
struct Sender {
    /// Slot + 1 of the receiver, or 0.
    to: AtomicU32,
    /// How often it has been refused there, and how often when the circle was first seen.
    refused: AtomicU32,
    seen: AtomicU32,
}

static SENDERS: [Sender; NENV] =
    [const { Sender { to: AtomicU32::new(0), refused: AtomicU32::new(0), seen: AtomicU32::new(0) } }; NENV];

/// One CPU looks at a time. A slot in the circle that is suspected, and for how long it has been.
static LOOKING: Turn = Turn::new();
static SUSPECT: AtomicUsize = AtomicUsize::new(NOBODY);
static CLOCK: Clock = Clock::new();

/// The env in `slot` was refused by the one in `target`.
pub(crate) fn refused(slot: usize, target: usize) {
    if LIMIT_MS.load(Ordering::Relaxed) == 0 {
        return;
    }
    let (sender, to) = (&SENDERS[slot], target as u32 + 1);
    if sender.to.swap(to, Ordering::Relaxed) != to {
        sender.refused.store(0, Ordering::Relaxed);
    }
    sender.refused.fetch_add(1, Ordering::Relaxed);
}

/// The env in `slot` has got its message through, or receives.
pub(crate) fn sends_no_more(slot: usize) {
    SENDERS[slot].to.store(0, Ordering::Relaxed);
}

/// At a tick: ends the kernel if there is a circle that has lasted.
pub(crate) fn look() {
    let limit = LIMIT_MS.load(Ordering::Relaxed);
    if limit == 0 || !LOOKING.take() {
        return;
    }
    let before = SUSPECT.load(Ordering::Relaxed);
    let first = if is_circle(before) { before } else { (0..NENV).find(|&slot| is_circle(slot)).unwrap_or(NOBODY) };
    if first != before {
        SUSPECT.store(first, Ordering::Relaxed);
        circle(first).for_each(|slot| SENDERS[slot].seen.store(refusals(slot), Ordering::Relaxed));
        CLOCK.restart();
    } else if first != NOBODY && CLOCK.look(LOOK_MS) > limit && all_try_on(first) {
        LIMIT_MS.store(0, Ordering::Relaxed);
        report(first);
    }
    LOOKING.end();
}

fn report(first: usize) {
    panic::stop_others();
    console::emergency(format_args!("who waits to send to whom:\n"));
    circle(first).for_each(say);
    console::emergency(format_args!("  so env {:08x} waits for itself: a deadlock of the programs\n", id(first)));
    let is_outside = |slot: &usize| receiver(*slot).is_some() && circle(first).all(|inside| inside != *slot);
    (0..NENV).filter(is_outside).for_each(say);
    panic::end(Ending::LiveLock, "live-lock: envs wait to send to each other, and none of them receives");
}

fn say(slot: usize) {
    let to = receiver(slot).map_or(0, id);
    let refused = refusals(slot);
    console::emergency(format_args!("  env {:08x} waits to send to env {to:08x}, refused {refused} times\n", id(slot)));
}

/// Whether following the receivers from `first` leads back to it.
fn is_circle(first: usize) -> bool {
    let last = circle(first).last();
    last.and_then(receiver) == Some(first)
}

/// The senders from `first` on, until one sends to `first` or to nobody, or there have been as many as there can be.
fn circle(first: usize) -> impl Iterator<Item = usize> {
    let start = (first < NENV && receiver(first).is_some()).then_some(first);
    let next = move |&slot: &usize| receiver(slot).filter(|&to| to != first && receiver(to).is_some());
    core::iter::successors(start, next).take(NENV)
}

/// Whether all in the circle have been refused again since it was first seen. One that was refused once may be at work on
/// something else, and receive when it is done.
fn all_try_on(first: usize) -> bool {
    let tries_on = |slot: usize| refusals(slot).wrapping_sub(SENDERS[slot].seen.load(Ordering::Relaxed)) >= TRIES;
    circle(first).all(tries_on)
}

fn receiver(slot: usize) -> Option<usize> {
    (SENDERS[slot].to.load(Ordering::Relaxed) as usize).checked_sub(1)
}

fn refusals(slot: usize) -> u32 {
    SENDERS[slot].refused.load(Ordering::Relaxed)
}

fn id(slot: usize) -> u32 {
    table::record(slot).id.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::machine::machine;

    #[test]
    fn a_circle_lasts_while_all_in_it_try_again() {
        // No other test has so many envs, nor a watch-dog.
        let _machine = machine();
        let circle = [1000, 1001, 1002];
        let send = |from: usize, to: usize, refused: u32| {
            SENDERS[from].to.store(to as u32 + 1, Ordering::Relaxed);
            SENDERS[from].refused.store(refused, Ordering::Relaxed);
        };
        let lasts = |refused: [u32; 3]| {
            (0..3).for_each(|index| send(circle[index], circle[(index + 1) % 3], refused[index]));
            circle.map(|first| is_circle(first) && all_try_on(first))
        };
        let seen = [lasts([TRIES; 3]), lasts([TRIES, TRIES, TRIES - 1]), lasts([9 * TRIES, 0, 0])];
        send(circle[2], 1003, TRIES);
        let is_open = circle.map(|first| !is_circle(first));
        circle.into_iter().for_each(sends_no_more);
        assert_eq!(seen, [[true; 3], [false; 3], [false; 3]]);
        assert_eq!(is_open, [true; 3], "the last sends to somebody else");
    }
}
