//! A set of env slots that has "the next one, going round", as JOS's scheduler does.
//!
//! One bit a slot, and one bit for each word of them that is not empty, so every operation is a few instructions
//! however many envs there are.

use abi::NENV;

const WORDS: usize = NENV / 32;
const _: () = assert!(WORDS == 32, "one summary word covers all the words");

/// A set of env slots.
#[derive(Clone, Copy, Debug, Default)]
pub struct SlotSet {
    words: [u32; WORDS],
    /// Bit w is set when `words[w]` is not 0.
    summary: u32,
    len: usize,
}

impl SlotSet {
    /// The empty set.
    pub const fn new() -> Self {
        SlotSet { words: [0; WORDS], summary: 0, len: 0 }
    }

    /// How many slots are in it.
    pub fn count(&self) -> usize {
        self.len
    }

    /// Adds `slot`.
    pub fn insert(&mut self, slot: usize) {
        let (word, bit) = (slot / 32, 1 << (slot % 32));
        self.len += usize::from(self.words[word] & bit == 0);
        self.words[word] |= bit;
        self.summary |= 1 << word;
    }

    /// Takes `slot` out; says whether it was in.
    pub fn remove(&mut self, slot: usize) -> bool {
        let (word, bit) = (slot / 32, 1 << (slot % 32));
        let was_in = self.words[word] & bit != 0;
        self.words[word] &= !bit;
        if self.words[word] == 0 {
            self.summary &= !(1 << word);
        }
        self.len -= usize::from(was_in);
        was_in
    }

    /// Takes out the first slot behind `after`, going round; `after` itself comes last.
    pub fn pop_after(&mut self, after: usize) -> Option<usize> {
        if self.summary == 0 {
            return None;
        }
        let slot = self.first_from((after + 1) % NENV);
        self.remove(slot);
        Some(slot)
    }

    /// Calls `look` with each slot.
    pub fn for_each(&self, mut look: impl FnMut(usize)) {
        for (word, bits) in self.words.iter().enumerate().filter(|(_, bits)| **bits != 0) {
            (0..32).filter(|bit| bits & 1 << bit != 0).for_each(|bit| look(word * 32 + bit));
        }
    }

    /// Whether the summary is right. For audits.
    pub fn is_sound(&self) -> bool {
        self.words.iter().enumerate().all(|(word, &bits)| (bits != 0) == (self.summary & 1 << word != 0))
    }

    /// A set with a slot that its summary does not know of: what no operation leaves behind.
    #[cfg(test)]
    pub(crate) fn unsound() -> Self {
        let mut set = Self::new();
        set.insert(40);
        set.summary = 0;
        set
    }

    /// The first slot at or behind `start`, going round. There is one.
    fn first_from(&self, start: usize) -> usize {
        let word = start / 32;
        let here = self.words[word] & (u32::MAX << (start % 32));
        if here != 0 {
            return word * 32 + here.trailing_zeros() as usize;
        }
        // Shifting in two steps, since a shift by 32 is an overflow.
        let later = self.summary & (u32::MAX << word << 1);
        let word = (if later == 0 { self.summary } else { later }).trailing_zeros() as usize % WORDS;
        word * 32 + self.words[word].trailing_zeros() as usize
    }
}
