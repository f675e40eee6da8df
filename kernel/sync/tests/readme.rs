//! Every test that the table in `README.md` names exists.

use std::fs;
use std::path::Path;

#[test]
fn every_test_that_the_table_names_exists() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(here.join("README.md")).unwrap();
    // The table of prices begins with the same sign; only a misuse has a number.
    let rows: Vec<Vec<&str>> = readme
        .lines()
        .filter(|line| line.strip_prefix("| ").is_some_and(|rest| rest.starts_with(|sign: char| sign.is_ascii_digit())))
        .map(|line| line.split(" | ").collect())
        .collect();
    assert_eq!(rows.len(), 23, "a row for each misuse");
    for row in &rows {
        let names: Vec<&str> = row.last().unwrap().split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "{row:?} has no test");
        for name in names {
            let (file, test) = name.split_once("::").unwrap_or((name, ""));
            let text = fs::read_to_string(here.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
            assert!(text.contains(&format!("fn {test}")), "{file} has no test {test}");
        }
    }
}
