//! That every bug can be read, fits the tree, and leaves its catcher something to see.

use super::*;

const TEXT: &str = "about: it forgets\nrace: 13\ncatch: report pair-order\ncpus: 2 4 8\n\n\
                    --- a.rs\n first(\n-    second);\n+    other);\n";

#[test]
fn every_bug_fits_the_tree() {
    let bugs = all().unwrap();
    assert!(bugs.len() >= 25, "only {} bugs", bugs.len());
    let wrong: Vec<_> = bugs.iter().filter_map(|bug| bug.check(paths::root()).err()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_documents_have_each_bug() {
    let text = |name: &str| fs::read_to_string(paths::root().join(name)).unwrap();
    let (table, readme) = (text("scripts/mutants/README.md"), text("README.md"));
    let mut rows: Vec<_> = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    rows.sort_unstable();
    let bugs = all().unwrap();
    let mut names: Vec<_> = bugs.iter().map(|bug| bug.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(rows, names);
    assert!(table.contains(&format!("all {} bugs", names.len())));
    assert!(readme.contains(&format!("has {} bugs", names.len())));
}

#[test]
fn tests_in_qemu_are_named_in_full() {
    let mut sources = String::new();
    for folder in ["scripts/host/tests/qemu", "scripts/host/tests/qemu/races"] {
        for entry in fs::read_dir(paths::root().join(folder)).unwrap() {
            sources += &fs::read_to_string(entry.unwrap().path()).unwrap_or_default();
        }
    }
    for bug in all().unwrap() {
        let Catcher::Qemu(name) = bug.catcher else { continue };
        let case = name.rsplit("::").next().and_then(|last| last.rsplit_once("_cpus"));
        let known = case.is_some_and(|(case, _)| sources.contains(&format!("\"{case}\"")));
        assert!(known, "{}: no test is called {name}", bug.name);
    }
}

/// A test that waits for a point would be red without it, whatever the bug.
#[test]
fn bugs_for_tests_in_qemu_leave_the_points_where_they_are() {
    let points = |text: &str| text.matches("window::at").count();
    for bug in all().unwrap().iter().filter(|bug| matches!(bug.catcher, Catcher::Qemu(_))) {
        for change in &bug.changes {
            let text = fs::read_to_string(paths::root().join(&change.file)).unwrap();
            let broken = change.apply(&text).unwrap();
            let (kept, meant) = (points(&text) + points(&change.new), points(&broken) + points(&change.old));
            assert_eq!(kept, meant, "{}: a point is lost; say where it stays", bug.name);
        }
    }
}

#[test]
fn blanks_and_line_ends_do_not_count() {
    let bug = parse("x", TEXT).unwrap();
    assert_eq!(bug.topic, "race 13");
    assert_eq!(bug.changes[0].apply("// first\nfirst(second);\n").unwrap(), "// first\nfirst(\n    other);\n");
    assert!(bug.changes[0].apply("first(third);").is_err(), "it is not there");
    assert!(bug.changes[0].apply("first(second);first(second);").is_err(), "it is there twice");
}

#[test]
fn the_head_says_who_catches() {
    let load = Load { programs: LOAD.to_owned(), build: Build::Fine, options: String::new() };
    let text = "LOCKREPORT kind=pair-order ".to_owned();
    assert_eq!(parse("x", TEXT).unwrap().catcher, Catcher::Line { text, load, cpus: vec![2, 4, 8] });
    for wrong in ["report pair-order", "magic"] {
        assert!(parse("x", &TEXT.replace("catch: report pair-order", wrong)).is_err(), "{wrong}");
    }
    assert!(parse("x", &TEXT.replace("+    other);\n", "+    second);\n")).is_err(), "nothing is changed");
}
