//! Which places of the kernel there are to leave something out at.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Result;
use regex::Regex;

use super::sweep::Sweep;

/// What is acquired, or ordered, and where it is not: tests, and the machine of the tests.
const ACQUIRES: &str = r"\.lock\(\)|lock_pair\(&|with_queue\(|\.life\(\)|\.space\(\)|lock_life\(|lock_spaces?\(|(SLOTS|FREE)\.(take|give)\(";
const DECLARES: &str = r"\bfn |^\s*//|\buse ";
const ORDERS: &str = r"Ordering::(SeqCst|Acquire|Release|AcqRel)";
const ELSEWHERE: [&str; 4] = ["/tests/", "/tests.rs/", "/host/", "/x86/"];

/// The lock of a pool's cache and that of its list are both taken for the caller, and left out one at a time.
const POOLS: [(&str, [&str; 2]); 2] =
    [("SLOTS.", ["SlotCache", "EnvTable"]), ("FREE.", ["FrameCache", "PageAllocator"])];
/// So are the two of a pair.
const PAIRS: [&str; 2] = ["lock_pair(&", "lock_spaces("];

/// Every place of the kernel with what `what` leaves out: `FILE:LINE`; `FILE:LINE:RANK` where locks of two classes are taken;
/// also `FILE:LINE:Second` where a pair is.
pub(super) fn places(root: &Path, what: Sweep) -> Result<BTreeSet<String>> {
    let (acquires, orders, not) = (Regex::new(ACQUIRES)?, Regex::new(ORDERS)?, Regex::new(DECLARES)?);
    let mut places = BTreeSet::new();
    let mut folders = vec![root.join("kernel/src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path.strip_prefix(root)?.to_string_lossy().into_owned();
            if ELSEWHERE.iter().any(|part| format!("{name}/").contains(part)) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path)?;
            let lines = text.lines().enumerate().filter(|(_, line)| !not.is_match(line));
            if what == Sweep::Locks {
                let for_callers = for_callers(&text);
                let hits = lines.filter(|(index, line)| {
                    acquires.find(line).is_some_and(|hit| !for_callers[*index] || line[..hit.start()].contains('|'))
                });
                places.extend(hits.flat_map(|(index, line)| each_lock(format!("{name}:{}", index + 1), line)));
            } else {
                places.extend(
                    lines.filter(|(_, line)| orders.is_match(line)).map(|(index, _)| format!("{name}:{}", index + 1)),
                );
            }
        }
    }
    Ok(places)
}

/// Which lines are in a function that takes its locks in its caller's name, so that the place is the caller's. (Closures in it
/// have a name of their own.)
fn for_callers(text: &str) -> Vec<bool> {
    let (mut tracked, mut end) = (false, None);
    let look = |line: &str| {
        let indent = &line[..line.len() - line.trim_start().len()];
        tracked |= line.trim() == "#[track_caller]";
        if tracked && line.contains("fn ") {
            tracked = false;
            end = Some(format!("{indent}}}"));
        }
        let inside = end.is_some();
        if end.as_deref() == Some(line) {
            end = None;
        }
        inside
    };
    text.lines().map(look).collect()
}

fn each_lock(place: String, line: &str) -> Vec<String> {
    match POOLS.iter().find(|(pool, _)| line.contains(pool)) {
        Some((_, ranks)) => ranks.iter().map(|rank| format!("{place}:{rank}")).collect(),
        None if PAIRS.iter().any(|pair| line.contains(pair)) => vec![format!("{place}:Second"), place],
        None => vec![place],
    }
}

/// Whether the file of `place` is among those that the models' `lib.rs` includes.
pub(super) fn is_modelled(place: &str, models: &str) -> bool {
    let file = place.strip_prefix("kernel/").and_then(|place| place.split(':').next());
    file.is_some_and(|file| models.contains(&format!("\"../../{file}\"")))
}

/// A line without its fence; without the locked instruction, where the old value is not wanted; relaxed, in any case.
pub(super) fn weakened(line: &str) -> Result<String> {
    let fence = Regex::new(r"\bfence\(Ordering::\w+\);")?.replace(line, "");
    let swap = Regex::new(r"^(\s*[\w.\[\]]+)\.swap\(")?.replace(&fence, "$1.store(");
    Ok(Regex::new(ORDERS)?.replace_all(&swap, "Ordering::Relaxed").into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_code_and_no_declarations() {
        let places = places(crate::paths::root(), Sweep::Locks).unwrap();
        assert!(places.len() > 30, "{places:?}");
        assert!(places.iter().any(|place| place.starts_with("kernel/src/sched.rs:")));
        assert!(!places.iter().any(|place| place.contains("/tests/")));
        let of_a_pool: Vec<_> = places.iter().filter(|place| place.ends_with(":PageAllocator")).collect();
        assert_eq!(of_a_pool.len(), 2, "to take and to give: {of_a_pool:?}");
    }

    #[test]
    fn what_is_taken_in_the_caller_s_name_is_the_caller_s() {
        let text = "    #[track_caller]\n    fn one() {\n        a.lock();\n    }\n    fn two() {\n    }\n";
        assert_eq!(for_callers(text), [false, true, true, true, false, false]);
    }

    #[test]
    fn the_models_have_some_of_the_files() {
        let models = fs::read_to_string(crate::paths::root().join("kernel/model/src/lib.rs")).unwrap();
        for what in [Sweep::Locks, Sweep::Orders] {
            let all = places(crate::paths::root(), what).unwrap();
            let count = all.iter().filter(|place| is_modelled(place, &models)).count();
            assert!(count > 20 && count < all.len(), "{count} of {}", all.len());
        }
    }

    #[test]
    fn a_line_is_weakened() {
        assert_eq!(weakened("    fence(Ordering::SeqCst);").unwrap(), "    ");
        let swap = "    here.user_slot.swap(slot as u32 + 1, Ordering::SeqCst);";
        assert_eq!(weakened(swap).unwrap(), "    here.user_slot.store(slot as u32 + 1, Ordering::Relaxed);");
        let used = "    let old = slot.swap(0, Ordering::SeqCst);";
        assert_eq!(weakened(used).unwrap(), "    let old = slot.swap(0, Ordering::Relaxed);");
    }
}
