//! What the lock checker shows of a real run: its self-test at boot, and the files of `scripts/jos lockgraph`.

use anyhow::{Result, ensure};
use jos::kernel_build::{Build, Mode};
use jos::lockgraph::{Drawn, Options, draw};
use jos::serial::Complaints;
use sync::rank::EDGES;

/// The name of the test.
pub(crate) const NAME: &str = "fine_debug::checker::lockgraph_cpus4";

/// Runs it.
pub(crate) fn check() -> Result<(), String> {
    shown().map_err(|error| format!("{error:#}\nagain: scripts/jos lockgraph --mode order --seconds 3"))
}

fn shown() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let options = Options {
        programs: Vec::new(),
        cpus: 4,
        seconds: 3,
        build: Build::Fine,
        mode: Mode::Order,
        output: Some(folder.path().to_owned()),
    };
    let Some(drawn) = draw(&options)? else { return Ok(()) };
    let mut complaints = Complaints::default();
    drawn.lines.iter().for_each(|line| complaints.look(line));
    ensure!(!complaints.any(), "{:?}", complaints.lines);
    ensure!(
        drawn.lines.iter().any(|line| line.starts_with("check_lock_checker() succeeded: ")),
        "the checker did not test itself"
    );
    edges(&drawn)
}

/// Every declared edge is in both files, and the coverage accounts for each that the kernel needs.
fn edges(drawn: &Drawn) -> Result<()> {
    for file in &drawn.files {
        let text = std::fs::read_to_string(file)?;
        for edge in &EDGES {
            // In the picture it is the text of a line, in the page the end of a row.
            let shown = format!("{} (kernel/sync/src/rank.rs:{})", edge.why, edge.declared.line());
            ensure!(text.contains(&shown), "{} lacks: {shown}", file.display());
        }
    }
    let (first, never) = drawn.coverage.split_once('\n').unwrap_or((&drawn.coverage, ""));
    let needed = EDGES.iter().filter(|edge| edge.needed).count();
    let seen = needed - never.lines().count();
    ensure!(first.starts_with(&format!("{seen} of {needed} ")), "{}", drawn.coverage);
    // Each program of the mix does this.
    ensure!(!never.contains("env life, then run queue"), "{}", drawn.coverage);
    Ok(())
}
