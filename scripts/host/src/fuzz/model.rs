//! A model of the interface: what every call answers and does, one after the other, on one CPU.
//!
//! Written from JOS's interface, and knowing nothing of how the kernel is made: no locks, no page tables, no queues, but ids,
//! and maps from addresses to pages. What JOS leaves open is as `locking-notes.md` says in section 5: blocked and frozen are
//! two facts, dying is final, and the mailbox of a new env is empty. Memory never runs out here.
//!
//! `calls` has the system calls; this file what they act on.

use std::collections::BTreeMap;

use abi::layout::{PGSIZE, UENVS, ULIM, USTACKTOP, UXSTACKTOP};
use abi::{EnvId, EnvStatus, Error, NENV, UTrapframe};
use fuzz::edges::{PAGES, XSTACK};
use fuzz::plan::{TAIL, tail};
use fuzz::step::{ACTORS, Action, BLOCKED, DIED, Digest, FROZE, IDS, NO_ID, ROOT, SKIPPED, Step, TREE, embryo, seen};

/// Present, user, writable.
pub const P: u32 = 1;
/// See [`P`].
pub const W: u32 = 2;
/// See [`P`].
pub const U: u32 = 4;

/// The program is the first env.
const ROOT_ID: u32 = 0x1000;

/// Pages of the records at UENVS.
const RECORD_PAGES: u32 = 31;

/// A page that programs have mapped.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PageState {
    /// In how many places.
    references: u32,
    tag: u32,
}

/// An env.
#[derive(Clone, Debug, Default)]
pub(super) struct Env {
    pub(super) id: u32,
    pub(super) parent: u32,
    pub(super) frozen: bool,
    /// Where it wants a page, if it waits for a message.
    pub(super) receiving: Option<u32>,
    pub(super) upcall: u32,
    /// Value, sender and permissions of its last message.
    pub(super) message: [u32; 3],
    /// What is mapped where, with which permissions.
    pub(super) space: BTreeMap<u32, (usize, u32)>,
    /// Whether it has a program and a stack.
    has_program: bool,
}

/// The machine, seen by programs.
#[derive(Clone, Debug)]
pub struct Model {
    envs: Vec<Option<Env>>,
    /// The last id of each slot.
    ids: Vec<u32>,
    /// Free slots, the next one last.
    free: Vec<usize>,
    pub(super) pages: Vec<PageState>,
    known: [u32; IDS],
    /// Who was destroyed for which bad address.
    kills: Vec<(u32, u32)>,
}

/// What an episode comes to.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// The results of its steps, its end included.
    pub results: Vec<u32>,
    /// Who the kernel has to destroy for which bad address, in order.
    pub kills: Vec<(u32, u32)>,
    /// The steps that were system calls.
    pub calls: u64,
    /// The arguments of each step, with ids for what stood for them.
    pub words: Vec<[u32; 5]>,
}

impl Expected {
    /// The digest of the results.
    pub fn digest(&self) -> u32 {
        Digest::of(&self.results).0
    }
}

/// That no env is left for the actors of an episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl Model {
    /// A machine on which the program has just been started.
    pub fn new() -> Model {
        let mut model = Model {
            envs: vec![None; NENV],
            ids: vec![0; NENV],
            free: (0..NENV).rev().collect(),
            pages: Vec::new(),
            known: [NO_ID; IDS],
            kills: Vec::new(),
        };
        if let Ok(root) = model.create(0) {
            let root = model.env(root);
            (root.frozen, root.has_program) = (false, true);
        }
        model
    }

    /// Plays an episode with these steps, and its end.
    ///
    /// # Errors
    /// When there are too few envs for it.
    pub fn play(&mut self, steps: &[Step]) -> Result<Expected, Full> {
        self.begin()?;
        let mut expected = Expected::default();
        for step in steps.iter().copied().chain((0..TAIL).map(tail)) {
            let words = step.resolve(|place| self.known[place]);
            let result = self.take(&step, words);
            let is_call = matches!(step.action, Action::Call | Action::Exofork);
            expected.calls += u64::from(is_call && result != SKIPPED);
            expected.results.push(result);
            expected.words.push(words);
        }
        self.clean();
        expected.kills = std::mem::take(&mut self.kills);
        Ok(expected)
    }

    fn begin(&mut self) -> Result<(), Full> {
        // Those that an earlier episode could not destroy are out of reach, with all they have.
        self.envs.iter_mut().flatten().for_each(|env| env.space.clear());
        self.pages.clear();
        self.clean();
        self.known = [NO_ID; IDS];
        self.known[ROOT] = ROOT_ID;
        for (parent, child) in TREE {
            let id = self.create(self.known[parent]).map_err(|_| Full)?;
            self.known[child] = id;
            self.allocate(id, XSTACK, P | U | W);
            let env = self.env(id);
            (env.frozen, env.has_program) = (false, true);
        }
        Ok(())
    }

    /// What the program does to itself before and after an episode.
    fn clean(&mut self) {
        self.env(ROOT_ID).upcall = 0;
        PAGES.into_iter().for_each(|va| self.unmap(ROOT_ID, va));
        self.allocate(ROOT_ID, XSTACK, P | U | W);
    }

    fn take(&mut self, step: &Step, words: [u32; 5]) -> u32 {
        let me = self.known[step.actor];
        if self.find(me).is_none_or(|env| env.frozen || env.receiving.is_some()) {
            return SKIPPED;
        }
        match step.action {
            Action::Call => {
                let eax = self.call(me, step.call, words).unwrap_or_else(Error::to_eax);
                self.run_embryos();
                match self.find(me) {
                    None => DIED,
                    Some(env) if env.receiving.is_some() => BLOCKED,
                    Some(env) if env.frozen => FROZE,
                    Some(_) => eax,
                }
            }
            Action::Exofork if self.find(self.known[usize::from(step.keep)]).is_some() => SKIPPED,
            Action::Exofork => match self.create(me) {
                Ok(id) => {
                    self.known[usize::from(step.keep)] = id;
                    id
                }
                Err(error) => error.to_eax(),
            },
            Action::Look => self
                .mapping(me, words[0])
                .map_or(0, |(page, permissions)| seen(permissions, self.pages[page].references, self.pages[page].tag)),
            Action::Poke => match self.mapping(me, words[0]) {
                Some((page, permissions)) if permissions & W != 0 => {
                    self.pages[page].tag = words[1];
                    1
                }
                _ => 0,
            },
            Action::Record => self.record(words[0], me).0,
        }
    }

    /// An env that was made by `exofork` and told to run has no memory to run in: it faults, and dies. With a handler for
    /// that, and an exception stack, it faults again and again, until the stack is full.
    fn run_embryos(&mut self) {
        const SIZE: u32 = UTrapframe::SIZE;
        for place in (0..ACTORS).flat_map(|actor| [embryo(actor, 0), embryo(actor, 1)]) {
            let id = self.known[place];
            let Some(env) = self.find(id).filter(|env| !env.frozen) else { continue };
            if env.upcall != 0 {
                let stack = self.mapping(id, XSTACK).filter(|(_, permissions)| permissions & W != 0);
                let first = UXSTACKTOP - SIZE;
                let below = (0..).map(|n| first - n * (SIZE + 4)).find(|va| *va < XSTACK).unwrap_or(first);
                self.kills.push((id, if stack.is_some() { below } else { first }));
            }
            self.destroy(id);
        }
    }

    /// What programs see of the slot of `id`, in the order of the guest's `digest_of`.
    fn record(&self, id: u32, viewer: u32) -> Digest {
        let slot = EnvId(id).slot();
        let Some(env) = &self.envs[slot] else { return Digest::of(&[self.ids[slot], EnvStatus::Free as u32]) };
        let status = match env {
            env if env.frozen || env.receiving.is_some() => EnvStatus::NotRunnable,
            env if env.id == viewer => EnvStatus::Running,
            _ => EnvStatus::Runnable,
        };
        let [value, from, permissions] = env.message;
        let receiving = u32::from(env.receiving.is_some());
        let wanted = env.receiving.unwrap_or(0);
        Digest::of(&[env.id, status as u32, env.parent, 0, env.upcall, value, from, permissions, receiving, wanted])
    }
}

/// Envs and memory, as the calls use them.
impl Model {
    pub(super) fn find(&self, id: u32) -> Option<&Env> {
        self.envs[EnvId(id).slot()].as_ref().filter(|env| env.id == id)
    }

    /// The env with this id, which must be there.
    pub(super) fn env(&mut self, id: u32) -> &mut Env {
        self.envs[EnvId(id).slot()].as_mut().filter(|env| env.id == id).expect("looked for before")
    }

    pub(super) fn create(&mut self, parent: u32) -> Result<u32, Error> {
        let slot = self.free.pop().ok_or(Error::NoFreeEnv)?;
        let next = (self.ids[slot].wrapping_add(0x1000) & !0x3ff).cast_signed();
        let id = if next <= 0 { 0x1000 } else { next.cast_unsigned() } | u32::try_from(slot).unwrap_or_default();
        self.ids[slot] = id;
        self.envs[slot] = Some(Env { id, parent, frozen: true, ..Env::default() });
        Ok(id)
    }

    pub(super) fn destroy(&mut self, id: u32) {
        let mapped: Vec<u32> = self.env(id).space.keys().copied().collect();
        mapped.into_iter().for_each(|va| self.unmap(id, va));
        let slot = EnvId(id).slot();
        self.envs[slot] = None;
        self.free.push(slot);
    }

    pub(super) fn kill(&mut self, id: u32, va: u32) {
        self.kills.push((id, va));
        self.destroy(id);
    }

    /// The page at `va` and its permissions, if a program may read it.
    pub(super) fn mapping(&self, id: u32, va: u32) -> Option<(usize, u32)> {
        self.find(id)?.space.get(&va).copied()
    }

    pub(super) fn allocate(&mut self, id: u32, va: u32, permissions: u32) {
        self.pages.push(PageState::default());
        self.map(id, va, self.pages.len() - 1, permissions);
    }

    pub(super) fn map(&mut self, id: u32, va: u32, page: usize, permissions: u32) {
        self.pages[page].references += 1;
        self.unmap(id, va);
        self.env(id).space.insert(va, (page, permissions));
    }

    pub(super) fn unmap(&mut self, id: u32, va: u32) {
        if let Some((page, _)) = self.env(id).space.remove(&va)
            && let Some(state) = self.pages.get_mut(page)
        {
            state.references -= 1;
        }
    }

    /// Whether a program may read the page at `va`, of those that the fuzzer's strings can touch.
    pub(super) fn readable(&self, id: u32, va: u32) -> bool {
        let stack = va == USTACKTOP - PGSIZE && self.find(id).is_some_and(|env| env.has_program);
        let records = (UENVS..UENVS + RECORD_PAGES * PGSIZE).contains(&va);
        va < ULIM && (stack || records || self.mapping(id, va).is_some())
    }
}

impl Default for Model {
    fn default() -> Self {
        Self::new()
    }
}
