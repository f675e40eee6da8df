//! Rules for words: what may not stand in the code at all, and what only in some files.

use regex::Regex;

use crate::check::tree::{has_extension, sources, text, verdict};

/// This file has to name what it forbids.
const OWN: &str = "scripts/host/src/check/words.rs";

pub(super) fn no_loose_ends() -> Result<(), String> {
    let words = Regex::new(r"\b(TODO|FIXME|dbg!|todo!|unimplemented!)").map_err(|error| error.to_string())?;
    let mut complaints = Vec::new();
    for (name, text) in sources()?.iter().filter(|(name, _)| name != OWN) {
        for (number, line) in text.lines().enumerate() {
            if let Some(found) = words.find(line) {
                complaints.push(format!("{name}:{}: {}", number + 1, found.as_str()));
            }
        }
    }
    verdict(&complaints)
}

/// In the kernel, `unsafe` and assembly stand only in the modules that `kernel/README.md` lists. The compiler sees to
/// that for most of it (`deny(unsafe_code)`), but not for naked functions, nor for the list.
pub(super) fn unsafe_listed() -> Result<(), String> {
    let allowed = allowed(&text("kernel/README.md")?);
    if allowed.is_empty() {
        return Err("kernel/README.md has no list of modules with unsafe code".to_owned());
    }
    let words = Regex::new(r"\bunsafe\b|\b(?:global_|naked_)?asm!|allow\(unsafe_code").map_err(|e| e.to_string())?;
    let mut complaints = Vec::new();
    for (name, text) in sources()? {
        let Some(inside) = name.strip_prefix("kernel/").filter(|name| has_extension(name, "rs")) else { continue };
        // Tests of the locks play the machine, which is unsafe business, and are in no kernel.
        if inside.starts_with("sync/tests/") || allowed.iter().any(|pattern| covers(pattern, inside)) {
            continue;
        }
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !is_comment(line)) {
            if words.is_match(&without_strings(line)) {
                complaints.push(format!("{name}:{}: unsafe code outside the modules that may have it", number + 1));
            }
        }
    }
    verdict(&complaints)
}

/// The files in the first column of the table under the heading about unsafe code. A name without a folder is in the
/// folder of the one before it.
fn allowed(readme: &str) -> Vec<String> {
    let section = readme.lines().skip_while(|line| !(line.starts_with("## ") && line.contains("nsafe"))).skip(1);
    let mut files: Vec<String> = Vec::new();
    for row in section.take_while(|line| !line.starts_with("## ")).filter(|line| line.starts_with("| `")) {
        let column = row[1..].split('|').next().unwrap_or_default();
        for name in column.split('`').skip(1).step_by(2) {
            let folder = files.last().and_then(|last| last.rsplit_once('/')).map_or("", |(folder, _)| folder);
            files.push(if name.contains('/') { name.to_owned() } else { format!("{folder}/{name}") });
        }
    }
    files
}

fn covers(pattern: &str, file: &str) -> bool {
    pattern.strip_suffix("**").map_or(pattern == file, |folder| file.starts_with(folder))
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

/// A line without what stands in quotes, and without a comment at its end.
fn without_strings(line: &str) -> String {
    let code = line.split(" // ").next().unwrap_or_default();
    let outside = code.split('"').step_by(2);
    outside.collect::<Vec<_>>().join(" ").replace("unsafe_code)]", "").replace("deny(unsafe_code", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_read_from_the_table() {
        let readme = "# K\n## Unsafe code\n\n| where | what |\n|---|---|\n| `src/x86/**` | all |\n\
                      | `sync/src/raw.rs`, `big.rs` | locks |\n## Next\n| `no.rs` | |\n";
        assert_eq!(allowed(readme), ["src/x86/**", "sync/src/raw.rs", "sync/src/big.rs"]);
    }

    #[test]
    fn a_folder_covers_what_is_in_it() {
        assert!(covers("src/x86/**", "src/x86/lapic.rs"));
        assert!(!covers("src/x86/**", "src/run.rs"));
        assert!(covers("src/mm/phys.rs", "src/mm/phys.rs"));
    }

    #[test]
    fn words_in_text_do_not_count() {
        assert!(!without_strings("println!(\"unsafe\"); // unsafe").contains("unsafe"));
        assert!(without_strings("unsafe { work(\"x\") }").contains("unsafe"));
    }
}
