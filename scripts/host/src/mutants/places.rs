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
const ORDERS: &str = r"\b(Ordering::)?(SeqCst|Acquire|Release|AcqRel)\b";
const ELSEWHERE: [&str; 4] = ["/tests/", "/tests.rs/", "/host/", "/x86/"];
/// Locks of the kernel are what is left out, not those of `kernel/sync`, which has tests of its own.
const LOCKED: [&str; 1] = ["kernel/src"];
const ORDERED: [&str; 2] = ["kernel/src", "kernel/sync/src"];
/// What `kernel/sync` has for its tests, and for the sweep of the locks.
const FOR_TESTS: [&str; 3] = ["sync/src/model.rs/", "sync/src/bit_model.rs/", "sync/src/sweep.rs/"];

/// The lock of a pool's cache and that of its list are both taken for the caller, and left out one at a time.
const POOLS: [(&str, [&str; 2]); 2] =
    [("SLOTS.", ["SlotCache", "EnvTable"]), ("FREE.", ["FrameCache", "PageAllocator"])];
/// So are the two of a pair.
const PAIRS: [&str; 2] = ["lock_pair(&", "lock_spaces("];

/// Every place of the kernel with what `what` leaves out: `FILE:LINE`; `FILE:LINE:RANK` where locks of two classes are taken;
/// also `FILE:LINE:Second` where a pair is.
pub(super) fn places(root: &Path, what: Sweep) -> Result<BTreeSet<String>> {
    Ok(lines(root, what, &ELSEWHERE)?.into_iter().map(|(place, _)| place).collect())
}

/// The same, each with the function that it is in; but for what is in one of the files that are `elsewhere`.
fn lines(root: &Path, what: Sweep, elsewhere: &[&str]) -> Result<BTreeSet<(String, String)>> {
    let (acquires, orders, not) = (Regex::new(ACQUIRES)?, Regex::new(ORDERS)?, Regex::new(DECLARES)?);
    let mut places = BTreeSet::new();
    let below: &[&str] = if what == Sweep::Locks { &LOCKED } else { &ORDERED };
    for name in sources(root, below, elsewhere)? {
        let text = fs::read_to_string(root.join(&name))?;
        let functions = functions(&text);
        let mut add = |index: usize, place| places.insert((place, functions[index].clone()));
        let lines = text.lines().enumerate().filter(|(_, line)| !not.is_match(line));
        if what == Sweep::Locks {
            let for_callers = for_callers(&text);
            let hits = lines.filter(|(index, line)| {
                acquires.find(line).is_some_and(|hit| !for_callers[*index] || line[..hit.start()].contains('|'))
            });
            for (index, line) in hits {
                each_lock(format!("{name}:{}", index + 1), line).into_iter().for_each(|place| _ = add(index, place));
            }
        } else {
            let hits = lines.filter(|(_, line)| orders.is_match(line));
            hits.for_each(|(index, _)| _ = add(index, format!("{name}:{}", index + 1)));
        }
    }
    Ok(places)
}

/// Every source file of the kernel and its locks, without tests and the machine of the tests.
pub(super) fn kernel(root: &Path) -> Result<BTreeSet<String>> {
    sources(root, &ORDERED, &ELSEWHERE[..3])
}

/// The source files in the folders `below`, without what `kernel/sync` has for its tests, and without those whose name, with a
/// slash at its end, has one of the parts `elsewhere`.
fn sources(root: &Path, below: &[&str], elsewhere: &[&str]) -> Result<BTreeSet<String>> {
    let mut files = BTreeSet::new();
    let mut folders: Vec<_> = below.iter().map(|folder| root.join(folder)).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path.strip_prefix(root)?.to_string_lossy().into_owned();
            if elsewhere.iter().chain(&FOR_TESTS).any(|part| format!("{name}/").contains(part)) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if name.ends_with(".rs") {
                files.insert(name);
            }
        }
    }
    Ok(files)
}

/// The function that each line is in, or the last one before it.
fn functions(text: &str) -> Vec<String> {
    let mut last = String::new();
    let look = |line: &str| {
        let name = line.split_once("fn ").filter(|_| !line.trim_start().starts_with("//"));
        if let Some((_, name)) = name {
            last = name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        }
        last.clone()
    };
    text.lines().map(look).collect()
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

/// The source of the models.
pub(super) fn models(root: &Path) -> Result<String> {
    let files = fs::read_dir(root.join("kernel/model/src"))?.map(|entry| Ok(entry?.path()));
    let files: Vec<_> = files.collect::<Result<_>>()?;
    files.iter().filter(|file| file.is_file()).map(|file| Ok(fs::read_to_string(file)?)).collect()
}

/// Whether the file of `place` is among those that the models include.
pub(super) fn is_modelled(place: &str, models: &str) -> bool {
    let file = place.strip_prefix("kernel/").and_then(|place| place.split(':').next());
    file.is_some_and(|file| models.contains(&format!("\"../../{file}\"")))
}

/// A line without its fence; without the locked instruction, where the old value is not wanted; relaxed, in any case.
pub(super) fn weakened(line: &str) -> Result<String> {
    let fence = Regex::new(r"\bfence\(Ordering::\w+\);")?.replace(line, "");
    let swap = Regex::new(r"^(\s*[\w.\[\]]+)\.swap\(")?.replace(&fence, "$1.store(");
    Ok(Regex::new(ORDERS)?.replace_all(&swap, "${1}Relaxed").into_owned())
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
        let models = models(crate::paths::root()).unwrap();
        for what in [Sweep::Locks, Sweep::Orders] {
            let all = places(crate::paths::root(), what).unwrap();
            let count = all.iter().filter(|place| is_modelled(place, &models)).count();
            assert!(count > 20 && count < all.len(), "{count} of {}", all.len());
        }
    }

    /// Relaxing is by the line, which is the caller's where a function takes its caller's place.
    #[test]
    fn no_ordering_that_the_models_run_is_in_its_caller_s_name() {
        let root = crate::paths::root();
        let models = models(root).unwrap();
        for place in places(root, Sweep::Orders).unwrap().iter().filter(|place| is_modelled(place, &models)) {
            let (file, line) = place.rsplit_once(':').unwrap();
            let text = fs::read_to_string(root.join(file)).unwrap();
            assert!(!for_callers(&text)[line.parse::<usize>().unwrap() - 1], "{place}: never left out");
        }
    }

    #[test]
    fn each_ordering_is_in_the_notes_and_runs_in_the_models_unless_they_say_not() {
        let root = crate::paths::root();
        let models = models(root).unwrap();
        let notes = fs::read_to_string(root.join("locking-notes.md")).unwrap();
        let table = notes.split_once("| ordering | what it orders | noticed by |").expect("the table is there").1;
        let rows: Vec<_> = table.lines().skip(2).take_while(|line| line.starts_with('|')).collect();
        let mut named = BTreeSet::new();
        for (place, function) in lines(root, Sweep::Orders, &ELSEWHERE[..3]).unwrap() {
            let file = place.split(':').next().unwrap_or_default();
            let file = file.replace("kernel/src/", "").replace("kernel/sync/src/", "sync/");
            let name = format!("| `{file}`, `{function}` |");
            let index = rows.iter().position(|row| row.starts_with(&name));
            let index = index.unwrap_or_else(|| panic!("not in locking-notes.md, section 4: {name}"));
            assert_eq!(is_modelled(&place, &models), !rows[index].contains("| no model:"), "{name}");
            named.insert(index);
        }
        assert_eq!(rows.len(), named.len(), "one of these is not there any more: {rows:?}");
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
