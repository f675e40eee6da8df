//! Tests of what the sweep of steps makes of a source.

use std::collections::BTreeSet;
use std::fs;

use serde_json::json;

use super::find::find;
use super::plant::{Refused, plain, refuse, rewrite};
use crate::mutants::places::kernel;
use crate::mutants::tree::same;
use crate::paths;

/// What `code`, in a function that gives nothing, becomes, and which steps it has.
fn rewritten(code: &str) -> (String, Vec<String>) {
    let found = find(&format!("fn f() {{ {code} }}"), 0, &BTreeSet::new()).unwrap();
    syn::parse_file(&found.text).unwrap();
    let inside = found.text.strip_prefix("fn f() { ").unwrap().strip_suffix(" }").unwrap();
    (inside.replace("crate::steps::", ""), found.steps.into_iter().map(|step| step.what).collect())
}

#[test]
fn each_kind_of_step_is_rewritten() {
    let kinds = [
        ("let x = 1; a.b(x);", "let x = 1; if is_there(0) { a.b(x); }", &["left out: a.b(x);"][..]),
        ("a += b;", "if is_there(0) { a += b; }", &["left out: a += b;"]),
        ("window::at(A); b();", "window::at(A); if is_there(0) { b(); }", &["left out: b();"]),
        ("for _ in a {}", "if is_there(0) { for _ in a {} }", &["left out: for _ in a {}"]),
        ("let _ = b == c;", "let _ = turned(0, b == c);", &["turned: b == c"]),
        ("let _ = b <= c;", "let _ = le(0, b , c);", &["border moved: b <= c"]),
        ("let _ = b | c;", "let _ = or(0, b , c);", &["only the first: b | c", "only the second: b | c"]),
        ("let _ = b + 1;", "let _ = b + number(0, 1);", &["one less: b + 1"]),
        ("let _ = b + 0;", "let _ = b + 0;", &[]),
        (
            "let _ = if a && !b { 1 } else { 2 };",
            "let _ = if holds(0, a) && holds(2, !b) { 1 } else { 2 };",
            &["always so: a", "never so: a", "always so: !b", "never so: !b"],
        ),
        (
            "let _ = if let Some(a) = b { 1 } else { 2 };",
            "let _ = if let Some(a) = b && is_there(0) { 1 } else { 2 };",
            &["never so: let Some(a) = b"],
        ),
        (
            "let _ = match a { 1 => b, _ => c };",
            "let _ = match a { 1 if is_there(0) => b, _ => c };",
            &["no such arm: 1"],
        ),
        ("let _ = match a { A => b, B => c };", "let _ = match a { A => b, B => c };", &[]),
        (
            "let _ = Err(abi::Error::NoMem);",
            "let _ = Err(either(0, abi::Error::NoMem, abi::Error::Inval));",
            &["another error: abi::Error::NoMem"],
        ),
    ];
    for (code, becomes, steps) in kinds {
        assert_eq!(rewritten(code), (becomes.to_owned(), steps.iter().map(|&step| step.to_owned()).collect()));
    }
}

#[test]
fn what_gives_a_value_is_not_left_out() {
    let found = find("fn f() -> u32 { g(); if a { h() } else { i() } }", 0, &BTreeSet::new()).unwrap();
    let steps: Vec<_> = found.steps.iter().map(|step| step.what.as_str()).collect();
    assert_eq!(steps, ["left out: g();", "always so: a", "never so: a"]);
}

#[test]
fn what_the_compiler_works_out_and_tests_are_left_alone() {
    let text = "const A: u32 = 1 + 1;\nconst fn f() { g(); }\n#[cfg(test)] mod tests { fn f() { g(); } }\n#[test] fn t() { g(); }\n";
    let found = find(text, 0, &BTreeSet::new()).unwrap();
    assert!(found.steps.is_empty(), "{:?}", found.steps);
    assert_eq!(found.text, text);
}

#[test]
fn a_refused_line_has_no_step_and_no_number() {
    let found = find("fn f() {\n    a();\n    b();\n    c();\n}\n", 7, &BTreeSet::from([3])).unwrap();
    assert_eq!(found.steps.iter().map(|step| step.line).collect::<Vec<_>>(), [2, 4]);
    assert!(
        found.text.contains("is_there(7) { a(); }") && found.text.contains("is_there(8) { c(); }"),
        "{}",
        found.text
    );
}

#[test]
fn the_kernel_has_steps_in_most_of_its_files() {
    let copy = tempfile::tempdir().unwrap();
    let root = copy.path().join("tree");
    same(paths::root(), &root).unwrap();
    let places = rewrite(&root, &Refused::new()).unwrap();
    assert!(places.len() > 2000, "{}", places.len());
    let files = kernel(&root).unwrap();
    for file in &files {
        syn::parse_file(&fs::read_to_string(root.join(file)).unwrap()).unwrap_or_else(|why| panic!("{file}: {why}"));
    }
    let with_steps: BTreeSet<_> = places.iter().filter_map(|place| place.name.split(':').next()).collect();
    assert!(with_steps.len() * 4 > files.len() * 3, "{} of {}", with_steps.len(), files.len());
}

#[test]
fn a_step_that_the_compiler_refuses_is_found() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("a.rs"), "fn f() {\n crate::steps::x\n\n let y\n}\n").unwrap();
    let span = |lines: (u32, u32)| json!({ "file_name": "b/../a.rs", "line_start": lines.0, "line_end": lines.1 });
    let lines = |error| {
        let mut refused = Refused::new();
        refuse(root.path(), &error, &mut refused);
        refused.remove("a.rs").into_iter().flatten().collect::<Vec<_>>()
    };
    assert_eq!(lines(json!({ "spans": [span((1, 3))] })), [2]);
    assert_eq!(lines(json!({ "spans": [span((4, 4))] })), [2], "what is before it");
    assert_eq!(lines(json!({ "spans": [], "children": [{ "spans": [span((2, 2))] }] })), [2]);
    assert_eq!(lines(json!({ "spans": [span((1, 1))] })), [0; 0]);
    assert_eq!(plain("kernel/model/src/../../src/pool.rs"), "kernel/src/pool.rs");
}
