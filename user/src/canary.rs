//! Canaries: pages with contents that tell whose they are.
//!
//! A page filled for a tag holds words that depend on the tag and on their place. Any word of another
//! page, or of another moment of this one, is noticed.

use ulib::Page;

/// Every how many words one is written and looked at.
const STEP: usize = 64;

/// Fills a mapped, writable page for `tag`.
pub fn fill(page: Page, tag: u32) {
    for i in places(tag) {
        page.write(i, word(tag, i));
    }
}

/// Whether a mapped page was last filled for `tag`.
pub fn holds(page: Page, tag: u32) -> bool {
    places(tag).all(|i| page.read(i) == word(tag, i))
}

/// The words used begin at a place that depends on the tag, so that in time all are.
fn places(tag: u32) -> impl Iterator<Item = usize> {
    (tag as usize % STEP..ulib::WORDS).step_by(STEP)
}

fn word(tag: u32, i: usize) -> u32 {
    tag.wrapping_mul(0x9e37_79b9) ^ i as u32
}
