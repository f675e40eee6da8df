//! One step of an episode, and what comes of it.

/// Envs that take steps. The first is the program itself, which lives from episode to episode and conducts.
pub const ACTORS: usize = 7;

/// The program itself.
pub const ROOT: usize = 0;

/// Who forks whom, in this order: parent and child.
pub const TREE: [(usize, usize); ACTORS - 1] = [(0, 1), (0, 2), (1, 3), (1, 4), (2, 5), (3, 6)];

/// Places an actor has for the ids of its embryos: children by `exofork` that have no program.
pub const EMBRYOS: usize = 2;

/// Ids that are remembered: those of the actors, then those of the embryos.
pub const IDS: usize = ACTORS + ACTORS * EMBRYOS;

/// In place of an id that was never given out. Neither it nor its relatives below can ever be valid.
pub const NO_ID: u32 = 0x0010_0fff;

/// Where the id of an actor's embryo is remembered.
pub const fn embryo(actor: usize, which: usize) -> usize {
    ACTORS + actor * EMBRYOS + which
}

/// What an actor does in a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Action {
    /// A system call. The result is EAX.
    Call,
    /// An `exofork`; the id is remembered at place `keep`. The result is EAX.
    Exofork,
    /// Looks at its own mapping of `words[0]`. The result is [`seen`], or 0 if a program may not read there.
    Look,
    /// Writes the tag `words[1]` to the page at `words[0]` if it may. The result is whether.
    Poke,
    /// Looks at the published record of the env `words[0]`. The result is the [`Digest`] of its words.
    Record,
}

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Who takes it.
    pub actor: usize,
    /// What it does.
    pub action: Action,
    /// The call's number.
    pub call: u32,
    /// Its arguments.
    pub words: [u32; 5],
    /// Bit i: `words[i]` is an [`id_word`].
    pub ids: u8,
    /// Where the id of a new env is remembered.
    pub keep: u8,
}

impl Step {
    /// Words that a step takes when it is written down.
    pub const WORDS: usize = 8;

    /// The step, written down.
    pub fn to_words(&self) -> [u32; Step::WORDS] {
        let head =
            self.actor as u32 | (self.action as u32) << 8 | u32::from(self.ids) << 16 | u32::from(self.keep) << 24;
        let [a, b, c, d, e] = self.words;
        [head, self.call, a, b, c, d, e, 0]
    }

    /// The step that was written down as `words`.
    pub fn from_words(words: [u32; Step::WORDS]) -> Step {
        let [head, call, a, b, c, d, e, _] = words;
        let [actor, action, ids, keep] = head.to_le_bytes();
        let action = match action {
            0 => Action::Call,
            1 => Action::Exofork,
            2 => Action::Look,
            3 => Action::Poke,
            _ => Action::Record,
        };
        Step { actor: usize::from(actor), action, call, words: [a, b, c, d, e], ids, keep }
    }

    /// The step's words, ids put in: `known` says which one is remembered at a place.
    pub fn resolve(&self, known: impl Fn(usize) -> u32) -> [u32; 5] {
        let mut words = self.words;
        let ids = words.iter_mut().enumerate().filter(|(i, _)| self.ids & 1 << i != 0);
        for (_, word) in ids {
            let (place, variant) = ((*word & 0xff) as usize, *word >> 8);
            *word = vary(known(place), variant);
        }
        words
    }
}

/// A word that stands for the id remembered at `place`, or with a `variant` for one much like it: see [`vary`].
pub const fn id_word(place: usize, variant: u32) -> u32 {
    place as u32 | variant << 8
}

/// How many variants of an id there are; number 0 is the id itself.
pub const VARIANTS: u32 = 6;

/// An id like `id`: of the next or the last generation, negative, with bits set that never are, or the slot alone.
pub const fn vary(id: u32, variant: u32) -> u32 {
    match variant {
        1 => id.wrapping_add(0x1000),
        2 => id.wrapping_sub(0x1000),
        3 => id | 0x8000_0000,
        4 => id | 0xc00,
        5 => id & 0x3ff,
        _ => id,
    }
}

/// Result of a step whose actor could not take it: destroyed, blocked or frozen before.
pub const SKIPPED: u32 = 0xffff_0001;
/// Result of a step that cost the actor its life.
pub const DIED: u32 = 0xffff_0002;
/// Result of a step that blocks the actor until a message comes. What the call returns then is a second result.
pub const BLOCKED: u32 = 0xffff_0003;
/// Result of a step by which the actor froze itself.
pub const FROZE: u32 = 0xffff_0004;
/// Result of a call that changed a register that it must not change.
pub const CHANGED: u32 = 0xffff_0005;

/// Tags of pages have twelve bits.
pub const TAGS: u32 = 1 << 12;

/// What a look at a mapping shows: its permissions, how often its page is mapped, and the page's tag.
pub const fn seen(permissions: u32, references: u32, tag: u32) -> u32 {
    permissions & 0xfff | (references & 0xff) << 12 | tag << 20
}

/// A digest of words: FNV-1a, a word at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest(pub u32);

impl Digest {
    /// Of no words.
    pub const EMPTY: Digest = Digest(0x811c_9dc5);

    /// With one word more.
    #[must_use]
    pub const fn with(self, word: u32) -> Digest {
        let mixed = (self.0 ^ word).wrapping_mul(0x0100_0193);
        Digest(mixed ^ mixed >> 15)
    }

    /// Of these words.
    pub fn of(words: &[u32]) -> Digest {
        words.iter().fold(Digest::EMPTY, |digest, &word| digest.with(word))
    }
}
