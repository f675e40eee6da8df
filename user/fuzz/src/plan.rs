//! An episode: the steps that a few envs take in turn.
//!
//! What a step does depends on the seed, the episode's number and the step's place alone, never on what earlier steps
//! did, so any of them can be left out and the others stay the same: that is how a failing episode is made short.
//! Arguments that depend on the past are ids, and a step names the place where one is remembered.

use abi::Syscall;
use abi::layout::UTOP;

use crate::edges;
use crate::rng::Rng;
use crate::step::{ACTORS, Action, EMBRYOS, ROOT, Step, TAGS, TREE, VARIANTS, embryo, id_word};

/// The most steps of an episode, its end included.
pub const MAX_STEPS: usize = 1024;

/// Steps that every episode ends with.
pub const TAIL: usize = 3 * TREE.len() + ACTORS * EMBRYOS + TREE.len();

/// Makes the `length` steps of an episode one after the other, without its end.
#[derive(Clone, Debug)]
pub struct Plan {
    rng: Rng,
    actor: usize,
}

impl Plan {
    /// The steps of episode number `episode`.
    pub fn new(seed: u32, episode: u32) -> Plan {
        let mut rng = Rng::new(seed.wrapping_mul(0x9e37_79b9).wrapping_add(episode));
        rng.word();
        Plan { rng, actor: ROOT }
    }

    /// The next step.
    pub fn step(&mut self) -> Step {
        let mut rng = Rng::new(self.rng.word());
        // Bursts: changing over to another env takes longer than a call.
        if rng.below(4) == 0 {
            self.actor = rng.below(ACTORS as u32) as usize;
        }
        step(&mut rng, self.actor)
    }
}

/// One of the last steps, which see to it that the episode leaves nothing behind: number `i` of [`TAIL`].
///
/// Whoever waits for a message gets one, whoever is frozen is thawed, parents before children; then all are destroyed,
/// children before parents. An env that is frozen and has lost its parent stays.
pub fn tail(i: usize) -> Step {
    let forks = TREE.len();
    let embryos = ACTORS * EMBRYOS;
    if i < forks {
        let (_, child) = TREE[i];
        return call(ROOT, Syscall::IpcTrySend, [id_word(child, 0), 0, UTOP, 0], 1);
    }
    let i = i - forks;
    if i < forks {
        let (parent, child) = TREE[i];
        return call(parent, Syscall::EnvSetStatus, [id_word(child, 0), 2, 0, 0], 1);
    }
    let i = i - forks;
    if i < embryos {
        let actor = ACTORS - 1 - i / EMBRYOS;
        return call(actor, Syscall::EnvDestroy, [id_word(embryo(actor, i % EMBRYOS), 0), 0, 0, 0], 1);
    }
    let i = i - embryos;
    if i < forks {
        let (parent, child) = TREE[forks - 1 - i];
        return call(parent, Syscall::EnvDestroy, [id_word(child, 0), 0, 0, 0], 1);
    }
    call(1 + (i - forks), Syscall::EnvDestroy, [0; 4], 0)
}

fn call(actor: usize, call: Syscall, words: [u32; 4], ids: u8) -> Step {
    let [a, b, c, d] = words;
    Step { actor, action: Action::Call, call: call as u32, words: [a, b, c, d, 0], ids, keep: 0 }
}

fn step(rng: &mut Rng, actor: usize) -> Step {
    let mut words = [rng.word(), rng.word(), rng.word(), rng.word(), rng.word()];
    let step = |action, call: Syscall, words, ids| Step { actor, action, call: call as u32, words, ids, keep: 0 };
    match rng.below(128) {
        0..20 => {
            let id;
            (words[0], id) = target(rng, actor);
            (words[1], words[2]) = (edges::address(rng), edges::permissions(rng));
            step(Action::Call, Syscall::PageAlloc, words, id)
        }
        20..46 => {
            let (from, to);
            ((words[0], from), (words[2], to)) = (target(rng, actor), target(rng, actor));
            (words[1], words[3], words[4]) = (edges::address(rng), edges::address(rng), edges::permissions(rng));
            step(Action::Call, Syscall::PageMap, words, from | to << 2)
        }
        46..54 => {
            let id;
            (words[0], id) = target(rng, actor);
            words[1] = edges::address(rng);
            step(Action::Call, Syscall::PageUnmap, words, id)
        }
        54..72 => {
            words[0] = edges::page(rng);
            step(Action::Look, Syscall::Getenvid, words, 0)
        }
        72..80 => {
            (words[0], words[1]) = (edges::page(rng), 1 + rng.below(TAGS - 1));
            step(Action::Poke, Syscall::Getenvid, words, 0)
        }
        80..87 => {
            words[0] = id_word(rng.below(crate::step::IDS as u32) as usize, 0);
            step(Action::Record, Syscall::Getenvid, words, 1)
        }
        87..91 => {
            let keep = embryo(actor, rng.below(EMBRYOS as u32) as usize);
            // The one that was there before would be forgotten and stay for ever. Half of the time it goes first.
            if rng.below(2) == 0 {
                words[0] = id_word(keep, 0);
                return step(Action::Call, Syscall::EnvDestroy, words, 1);
            }
            Step { keep: keep as u8, ..step(Action::Exofork, Syscall::Exofork, words, 0) }
        }
        91..102 => {
            let id;
            (words[0], id) = if rng.below(4) == 0 { target(rng, actor) } else { (any_actor(rng), 1) };
            (words[2], words[3]) = (message_page(rng), edges::permissions(rng));
            step(Action::Call, Syscall::IpcTrySend, words, id)
        }
        102..111 => {
            let id;
            // Whoever is frozen can't go on: mostly children are told something, and mostly to run.
            (words[0], id) = match (child(rng, actor), rng.below(8)) {
                (Some(child), 0..3) => (id_word(child, 0), 1),
                (_, 3) if actor != ROOT => target(rng, actor),
                _ => not_root(rng, actor),
            };
            words[1] = edges::status(rng);
            step(Action::Call, Syscall::EnvSetStatus, words, id)
        }
        111..114 => {
            let id;
            (words[0], id) = target(rng, actor);
            words[1] = edges::no_upcall(rng);
            step(Action::Call, Syscall::EnvSetPgfaultUpcall, words, id)
        }
        114..118 if actor != ROOT => {
            words[0] = message_page(rng);
            step(Action::Call, Syscall::IpcRecv, words, 0)
        }
        118 if rng.below(2) == 0 => {
            let id;
            (words[0], id) = if actor == ROOT { not_root(rng, actor) } else { target(rng, actor) };
            step(Action::Call, Syscall::EnvDestroy, words, id)
        }
        119 if actor != ROOT => {
            (words[0], words[1]) = edges::string(rng);
            step(Action::Call, Syscall::Cputs, words, 0)
        }
        120 => step(Action::Call, Syscall::Yield, words, 0),
        121 => step(Action::Call, Syscall::Cgetc, words, 0),
        122..124 => Step { call: edges::no_call(rng), ..step(Action::Call, Syscall::Getenvid, words, 0) },
        _ => step(Action::Call, Syscall::Getenvid, words, 0),
    }
}

/// Where a message's page is, or is to go: often nowhere.
fn message_page(rng: &mut Rng) -> u32 {
    match rng.below(8) {
        0..3 => [UTOP, u32::MAX, 0xf000_0001, UTOP + 1][rng.below(4) as usize],
        _ => edges::address(rng),
    }
}

fn any_actor(rng: &mut Rng) -> u32 {
    id_word(rng.below(ACTORS as u32) as usize, 0)
}

/// An env to do something to, as a word and whether that is an [`id_word`].
fn target(rng: &mut Rng, actor: usize) -> (u32, u8) {
    match rng.below(32) {
        0..11 => (0, 0),
        11..13 => (id_word(actor, 0), 1),
        13..19 => (child(rng, actor).map_or(0, |child| id_word(child, 0)), 1),
        19..24 => (id_word(embryo(actor, rng.below(EMBRYOS as u32) as usize), 0), 1),
        24..26 => (any_actor(rng), 1),
        26..28 => (id_word(rng.below(crate::step::IDS as u32) as usize, 0), 1),
        28..31 => (id_word(rng.below(crate::step::IDS as u32) as usize, rng.below(VARIANTS)), 1),
        _ => ([1, 0x3ff, 0x400, 0xfff, 0x13ff, u32::MAX, 0x8000_0000, 0x7fff_ffff][rng.below(8) as usize], 0),
    }
}

/// As [`target`], but never the program itself, whatever its id.
fn not_root(rng: &mut Rng, actor: usize) -> (u32, u8) {
    match rng.below(8) {
        0 => (id_word(child(rng, actor).unwrap_or(1), 0), 1),
        1..5 => (id_word(embryo(actor, rng.below(EMBRYOS as u32) as usize), rng.below(2)), 1),
        _ => (id_word(1 + rng.below(ACTORS as u32 - 1) as usize, 1 + rng.below(4)), 1),
    }
}

fn child(rng: &mut Rng, actor: usize) -> Option<usize> {
    let which = rng.below(2) as usize;
    let mut children = TREE.iter().filter(|(parent, _)| *parent == actor).map(|(_, child)| *child);
    let first = children.next()?;
    Some(if which == 0 { first } else { children.next().unwrap_or(first) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_episode_is_the_same_every_time_and_another_one_is_not() {
        let first = |seed, episode| {
            let mut plan = Plan::new(seed, episode);
            core::array::from_fn::<Step, 50, _>(|_| plan.step())
        };
        assert_eq!(first(1, 7), first(1, 7));
        assert_ne!(first(1, 7), first(1, 8));
        assert_ne!(first(1, 7), first(2, 7));
    }

    #[test]
    fn steps_survive_being_written_down() {
        let mut plan = Plan::new(3, 0);
        for step in (0..2000).map(|_| plan.step()).chain((0..TAIL).map(tail)) {
            assert_eq!(Step::from_words(step.to_words()), step);
        }
    }

    /// Whoever conducts has to live, and can't wait for others.
    #[test]
    fn the_program_itself_never_blocks_freezes_or_ends() {
        for episode in 0..200 {
            let mut plan = Plan::new(1, episode);
            for step in (0..400).map(|_| plan.step()).filter(|step| step.actor == ROOT) {
                let me = |place| if place == ROOT { 0x1000 } else { crate::step::NO_ID };
                let [a, ..] = step.resolve(me);
                let self_meant = a == 0 || a == 0x1000;
                match Syscall::try_from(step.call) {
                    Ok(Syscall::IpcRecv | Syscall::Cputs) => panic!("{step:?}"),
                    Ok(Syscall::EnvDestroy | Syscall::EnvSetStatus) => assert!(!self_meant, "{step:?}"),
                    _ => {}
                }
            }
        }
    }
}
