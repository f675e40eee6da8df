//! Making a failing list short: delta debugging.
//!
//! A. Zeller and R. Hildebrandt, "Simplifying and Isolating Failure-Inducing Input" (2002): leave out pieces, large ones
//! first, as long as what is left still fails.

use anyhow::Result;

/// The shortest list found that still `fails`, none of whose items can be left out alone. `items` itself has to fail.
///
/// # Errors
/// The first one of `fails`.
pub fn shrink<T: Clone>(items: Vec<T>, mut fails: impl FnMut(&[T]) -> Result<bool>) -> Result<Vec<T>> {
    let mut items = items;
    let mut size = items.len().div_ceil(2);
    while size > 0 && !items.is_empty() {
        let mut start = 0;
        let mut shorter = false;
        while start < items.len() {
            let end = (start + size).min(items.len());
            let rest = [&items[..start], &items[end..]].concat();
            if fails(&rest)? {
                items = rest;
                shorter = true;
            } else {
                start = end;
            }
        }
        // Once more with single items, as long as that helps: one may be needed only for another that is gone.
        size = if size == 1 { usize::from(shorter) } else { size.div_ceil(2) };
    }
    Ok(items)
}

/// The smallest number from `least` up to `most` that still `fails`, if more of it fails more easily. `most` has to fail.
///
/// # Errors
/// The first one of `fails`.
pub fn lower(least: u32, most: u32, mut fails: impl FnMut(u32) -> Result<bool>) -> Result<u32> {
    let (mut good, mut bad) = (least, most);
    while good < bad {
        let middle = good + (bad - good) / 2;
        if fails(middle)? { bad = middle } else { good = middle + 1 }
    }
    Ok(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_needed_is_left() {
        let mut tried = 0;
        let needed = [3, 250, 251];
        let short = shrink((0..300).collect(), |items: &[u32]| {
            tried += 1;
            Ok(needed.iter().all(|item| items.contains(item)))
        });
        assert_eq!(short.expect("no error"), needed);
        assert!(tried < 120, "{tried} attempts");
    }

    #[test]
    fn items_that_need_each_other_go_one_after_the_other() {
        // 2 only matters as long as 5 is there, and 5 is not needed.
        let fails = |items: &[u32]| Ok(items.contains(&7) && (!items.contains(&5) || items.contains(&2)));
        assert_eq!(shrink((0..9).collect(), fails).expect("no error"), [7]);
    }

    #[test]
    fn a_number_is_lowered() {
        assert_eq!(lower(1, 64, |n| Ok(n >= 5)).expect("no error"), 5);
        assert_eq!(lower(1, 64, |_| Ok(true)).expect("no error"), 1);
        assert_eq!(lower(1, 64, |n| Ok(n == 64)).expect("no error"), 64);
    }
}
