//! What a chain says of a lock it has not seen.

use super::*;

/// Whoever asks for a second lock of a class has sorted the two, so nothing but this sees that it has not.
#[test]
fn a_second_one_of_a_class_is_known_by_a_greater_key() {
    static FURTHER: Chain = Chain::new();
    let chain = Chain::new();
    chain.noted.set_word(5 << 16 | 3);
    assert!(chain.again(5 << 16 | 4).is_none(), "never seen");
    chain.again.set(Some(&FURTHER));
    let known = [5 << 16 | 4, 5 << 16 | 0xffff, 5 << 16 | 3, 5 << 16 | 2, 6 << 16 | 4, 4 << 16 | 4];
    assert_eq!(known.map(|word| chain.again(word).is_some()), [true, true, false, false, false, false]);
}
