//! What a test is: programs to boot, lines that must come, lines that must not.
//!
//! As in JOS's grade scripts a pattern is a regular expression that has to match a line *from its start*, and
//! the order of the lines does not matter. Two abbreviations:
//!
//! * `$E5` is the id of the fifth environment of a fresh kernel, 00001004. Away from the number of CPUs a
//!   grader uses, ids are handed out per CPU and in another order, so there it means any id.
//! * `$CPU` is a CPU number: one digit for the graders, any number elsewhere.

use jos::outcome::Ended;
use regex::Regex;

/// When a run has shown what it had to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// The kernel's monitor asks for a command.
    Monitor,
    /// The kernel has left QEMU by itself, every environment ended and the audit good.
    End,
    /// The kernel has left QEMU by itself, and found what was wrong: its complaints are what is wanted.
    Fault(Ended),
    /// The kernel has left QEMU in this other way, after one whole report. A good end is one by the monitor's `poweroff`.
    Ended(Ended),
    /// A line matches this pattern (or one says panic).
    Line(&'static str),
}

/// A test.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    /// Name within its group.
    pub(crate) name: &'static str,
    /// What to start, as on the command line of `scripts/jos run`.
    pub(crate) programs: &'static [&'static str],
    /// Words for the kernel's command line, besides `poweroff`.
    pub(crate) options: &'static [&'static str],
    /// Rules for windows, each with the point that has to end the wait; empty if none need be waited for.
    pub(crate) windows: &'static [(&'static str, &'static str)],
    /// CPUs, where the table of the matrix does not say otherwise.
    pub(crate) cpus: u16,
    /// Guest memory in MiB.
    pub(crate) memory: u32,
    /// When to stop.
    pub(crate) until: Until,
    /// Lines that must come.
    pub(crate) required: &'static [&'static str],
    /// Lines that must come when the run is exactly the grader's: its CPUs, ending in the monitor.
    pub(crate) exact: &'static [&'static str],
    /// Lines that must not come.
    pub(crate) forbidden: &'static [&'static str],
    /// What else is wrong with the lines, in words.
    pub(crate) judge: fn(&[String]) -> Vec<String>,
    /// What to type at the first prompts of the monitor; the run then goes on to the next prompt.
    pub(crate) typed: &'static [&'static str],
    /// Watch-dog, in seconds; generous, since the host may be busy with other things.
    pub(crate) limit: u64,
    /// Whether more CPUs make the program do more at once.
    pub(crate) scales: bool,
}

impl Case {
    /// What tables fill in the rest from.
    pub(crate) const BASE: Self = Self {
        name: "",
        programs: &[],
        options: &[],
        windows: &[],
        cpus: 1,
        memory: 128,
        until: Until::End,
        required: &[],
        exact: &[],
        forbidden: &[],
        judge: |_| Vec::new(),
        typed: &[],
        limit: 180,
        scales: false,
    };

    /// The same program as it has to behave on any number of CPUs: what only holds for the grader's own run
    /// is dropped, and the kernel powers off at the end, after its audit.
    pub(crate) fn relaxed(self, cpus: u16) -> Self {
        let until = if self.until == Until::Monitor { Until::End } else { self.until };
        Self { cpus, until, exact: &[], ..self }
    }
}

/// What the kernel has to say about a rule of the case's windows.
pub(crate) fn window((rule, by): (&str, &str)) -> String {
    let rule = regex::escape(rule);
    if by.is_empty() {
        return format!("WINDOW {rule} reached=[1-9][0-9]* .*timeout=0$");
    }
    let by = regex::escape(by);
    format!("WINDOW {rule} reached=[1-9][0-9]* met=[1-9][0-9]* by={by}:[1-9][0-9]* early=0 timeout=0$")
}

/// A pattern as a regular expression. `exact`: as the grader means it.
pub(crate) fn expand(pattern: &str, exact: bool) -> Regex {
    let numbered = Regex::new(r"\$E(\d+)").expect("a constant");
    let ids = numbered.replace_all(pattern, |found: &regex::Captures<'_>| {
        let number: u32 = found[1].parse().expect("digits");
        if exact { format!("{:08x}", 0x1000 + number - 1) } else { "[0-9a-f]{8}".to_owned() }
    });
    let text = ids.replace("$CPU", if exact { "." } else { r"\d+" });
    Regex::new(&format!("^(?:{text})")).unwrap_or_else(|error| panic!("the pattern {pattern:?}: {error}"))
}
