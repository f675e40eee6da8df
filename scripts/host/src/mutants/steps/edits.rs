//! A text that is changed at many places, each named by where it was before.

use std::ops::Range;

/// The changes.
#[derive(Debug, Default)]
pub(super) struct Edits(Vec<Edit>);

#[derive(Debug)]
struct Edit {
    at: Range<usize>,
    /// Among those at one place: what ends there comes before what begins there; the inner end before the outer one, the
    /// outer beginning before the inner one.
    order: isize,
    text: String,
}

impl Edits {
    /// Puts `before` and `after` around a place, inside of what was put around it already.
    pub(super) fn around(&mut self, at: Range<usize>, before: String, after: &str) {
        let order = isize::try_from(self.0.len()).unwrap_or(isize::MAX) + 1;
        self.0.push(Edit { at: at.start..at.start, order, text: before });
        self.0.push(Edit { at: at.end..at.end, order: -order, text: after.to_owned() });
    }

    /// Puts `text` in the place of what is there.
    pub(super) fn replace(&mut self, at: Range<usize>, text: &str) {
        self.0.push(Edit { at, order: 0, text: text.to_owned() });
    }

    /// `text` with the changes.
    pub(super) fn apply(mut self, text: &str) -> String {
        self.0.sort_by_key(|edit| (edit.at.start, edit.order));
        let (mut result, mut done) = (String::new(), 0);
        for edit in &self.0 {
            result.push_str(&text[done..edit.at.start]);
            result.push_str(&edit.text);
            done = edit.at.end;
        }
        result + &text[done..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_around_is_nested() {
        let mut edits = Edits::default();
        edits.around(0..5, "f(".to_owned(), ")");
        edits.around(0..1, "(".to_owned(), ")");
        edits.replace(2..3, ",");
        edits.around(4..5, "[".to_owned(), "]");
        assert_eq!(edits.apply("a + b;"), "f((a) , [b]);");
    }
}
