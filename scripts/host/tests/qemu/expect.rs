//! Runs one case and compares what came with what had to come.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Result;
use jos::guest::{Event, Guest};
use jos::interrupt;
use jos::iso;
use jos::kernel_build::Image;
use jos::outcome::Ended;
use jos::programs::{self, Program};
use jos::qemu::{Accel, Boot, Machine};
use jos::run;
use jos::serial::{Complaints, Splitter};
use regex::Regex;

use crate::case::{Case, Until, expand, window};
use crate::foreign;
use crate::kernels::Kernels;
use crate::matrix::Planned;

/// How many lines of a failed run are shown.
const SHOWN: usize = 40;

/// The prompt of the kernel's monitor.
const PROMPT: &str = "K> ";

/// How often the play of a race is given until its windows have been met. A tick in the few instructions before an actor's call
/// may come to a point in its place, which under load happened in one play of a hundred; whatever comes of that, nothing may go
/// wrong in any run.
const TRIES: u32 = 3;

/// What no run may say, but in a line that is required.
const NEVER: [&str; 1] = [r"\[[0-9a-f]{8}\] user panic in "];

/// How a run came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    Prompt,
    Line,
    Exit(Ended),
    TimeUp,
    Interrupted,
}

/// What came of a run.
struct Run {
    lines: Vec<String>,
    stop: Stop,
    messages: String,
}

/// Runs a case. The error says what was wrong, shows the end of the log and how to repeat the run.
pub(crate) fn check(planned: &Planned, kernels: &Kernels) -> Result<(), String> {
    if interrupt::seen() {
        return Err("interrupted".to_owned());
    }
    let command = again(planned);
    let image = kernels.image(planned.kernel.0, planned.kernel.1).map_err(|error| error.to_string())?;
    let mut tries = 0;
    let (run, faults) = loop {
        let run = boot(planned, image).map_err(|error| format!("{error:#}\nagain: {command}"))?;
        tries += 1;
        let mut faults = faults(planned, &run);
        let unmet = unmet(&planned.case, &run);
        if faults.is_empty() && unmet.is_empty() {
            return Ok(());
        }
        if !faults.is_empty() || tries == TRIES || interrupt::seen() {
            faults.extend(unmet);
            break (run, faults);
        }
    };
    let log = run.lines[run.lines.len().saturating_sub(SHOWN)..].join("\n");
    let messages = &run.messages;
    Err(format!("{}\n--- the last lines of the serial log:\n{log}\n{messages}--- again: {command}", faults.join("\n")))
}

fn boot(planned: &Planned, image: &Image) -> Result<Run> {
    let case = &planned.case;
    let typed = typed(planned);
    let programs = typed.iter().map(|typed| programs::parse(typed)).collect::<Result<Vec<_>>>()?;
    let folder = tempfile::tempdir()?;
    let boot = if planned.from_cd {
        let cd = folder.path().join("cd.iso");
        iso::make(image, &[], &programs, &cd)?;
        Boot::Cd(cd)
    } else {
        from_kernel(case, image, &programs)?
    };
    let machine = Machine {
        cpus: case.cpus,
        memory: case.memory,
        accel: Accel::Tcg,
        threads: None,
        gdb: false,
        boot,
        extra: Vec::new(),
    };
    watch(case, &machine, image)
}

/// The programs as on the command line of `scripts/jos run`.
fn typed(planned: &Planned) -> Vec<String> {
    let path = |name: &&str| if planned.group == "foreign" { foreign::path(name) } else { (*name).to_owned() };
    planned.case.programs.iter().map(path).collect()
}

fn from_kernel(case: &Case, image: &Image, programs: &[Program]) -> Result<Boot> {
    let mut words: Vec<String> = programs.iter().map(Program::word).collect();
    words.splice(0..0, extra_words(case));
    if !keeps_monitor(case) {
        words.insert(0, "poweroff".to_owned());
    }
    let mut modules = programs::modules(programs, &image.programs)?;
    modules.push(run::symbol_table(image));
    Ok(Boot::Kernel { image: image.boot.clone(), words, modules })
}

/// What the case wants on the command line besides programs.
fn extra_words(case: &Case) -> Vec<String> {
    let mut words: Vec<String> = case.options.iter().map(|&word| word.to_owned()).collect();
    words.extend(case.windows.iter().map(|(rule, _)| format!("window={rule}")));
    words
}

fn keeps_monitor(case: &Case) -> bool {
    matches!(case.until, Until::Monitor | Until::Ended(Ended::Good))
}

fn watch(case: &Case, machine: &Machine, image: &Image) -> Result<Run> {
    let input = if !case.typed.is_empty() { Stdio::piped() } else { Stdio::null() };
    let mut guest = Guest::boot(machine, input)?;
    let deadline = Instant::now() + Duration::from_secs(case.limit);
    let wanted = match case.until {
        Until::Line(pattern) => Some(expand(pattern, false)),
        Until::Monitor | Until::End | Until::Fault(_) | Until::Ended(_) => None,
    };
    let mut typed = case.typed.iter();
    let mut splitter = Splitter::default();
    let mut run = Run { lines: Vec::new(), stop: Stop::TimeUp, messages: String::new() };
    run.stop = loop {
        match guest.next(Some(deadline)) {
            Event::Serial(at, bytes) => {
                let seen = run.lines.len();
                run.lines.extend(splitter.push(at, &bytes).into_iter().map(|line| line.text));
                if run.lines[seen..].iter().any(|line| ends(line, wanted.as_ref())) {
                    break Stop::Line;
                }
                if splitter.partial() == PROMPT {
                    match typed.next() {
                        Some(text) => guest.type_in(&format!("{text}\n"))?,
                        None => break Stop::Prompt,
                    }
                }
            }
            Event::Message(bytes) => run.messages.push_str(&String::from_utf8_lossy(&bytes)),
            Event::Ended => break Stop::Exit(Ended::from_status(guest.finish()?)),
            Event::TimeUp => {
                run.messages.push_str(&guest.whereabouts(&image.kernel));
                break Stop::TimeUp;
            }
            Event::Interrupted => break Stop::Interrupted,
        }
    };
    run.lines.push(splitter.partial());
    Ok(run)
}

/// Whether a line ends a run that waits for a line.
fn ends(line: &str, wanted: Option<&Regex>) -> bool {
    wanted.is_some_and(|wanted| wanted.is_match(line) || line.starts_with("kernel panic"))
}

/// Everything that was wrong, in words.
fn faults(planned: &Planned, run: &Run) -> Vec<String> {
    let case = &planned.case;
    let mut faults = Vec::new();
    match (case.until, run.stop) {
        (Until::Monitor, Stop::Prompt) | (Until::Line(_), Stop::Line) | (Until::End, Stop::Exit(Ended::Good)) => {}
        (Until::Line("K> "), Stop::Prompt) => {}
        (Until::Fault(wanted), Stop::Exit(ended)) if wanted == ended => {}
        (Until::Ended(wanted), Stop::Exit(ended)) if wanted == ended => {}
        (_, Stop::Prompt) => faults.push("the kernel entered its monitor".to_owned()),
        (_, Stop::TimeUp) => faults.push(format!("not finished after {} s", case.limit)),
        (_, stop) => faults.push(format!("ended by {stop:?} while waiting for {:?}", case.until)),
    }
    let mut complaints = Complaints::default();
    run.lines.iter().for_each(|line| complaints.look(line));
    if let Until::Ended(ended) = case.until {
        let reports: &[&[&str]] = match ended {
            // The lock checker reports who waits for whom before it gives up.
            Ended::Stuck => &[&["LOCKREPORT kind=stuck "], &["kernel stuck"]],
            _ => &[&["kernel panic", "kernel stuck"]],
        };
        for signs in reports {
            let is_one = |line: &String| signs.iter().any(|sign| line.starts_with(sign));
            let count = run.lines.iter().filter(|line| is_one(line)).count();
            if count != 1 {
                faults.push(format!("{count} reports in place of one: {}", signs.join(" or ")));
            }
            complaints.lines.retain(|line| !is_one(line));
        }
    }
    if !matches!(case.until, Until::Fault(_)) {
        faults.extend(complaints.lines);
    }
    let exact = if planned.exact { case.exact } else { &[] };
    let missing = |pattern: &&&str| {
        let regex = expand(pattern, planned.exact);
        !run.lines.iter().any(|line| regex.is_match(line))
    };
    faults.extend(case.required.iter().chain(exact).filter(missing).map(|pattern| format!("missing: {pattern}")));
    if case.until == Until::End && missing(&&"audit: ok, ") {
        faults.push("missing: audit: ok".to_owned());
    }
    faults.extend((case.judge)(&run.lines));
    let required: Vec<_> = case.required.iter().map(|pattern| expand(pattern, planned.exact)).collect();
    let is_required = |line: &str| required.iter().any(|regex| regex.is_match(line));
    let mut forbid = |pattern: &str, allowed: &dyn Fn(&str) -> bool| {
        let regex = expand(pattern, planned.exact);
        let wrong = run.lines.iter().filter(|line| regex.is_match(line) && !allowed(line));
        faults.extend(wrong.map(|line| format!("forbidden: {line}")));
    };
    case.forbidden.iter().for_each(|pattern| forbid(pattern, &|_| false));
    NEVER.iter().for_each(|pattern| forbid(pattern, &is_required));
    faults
}

/// Which windows of a case have not been met in a run.
fn unmet(case: &Case, run: &Run) -> Vec<String> {
    let seen = |pattern: &String| {
        let regex = Regex::new(pattern).expect("an escaped pattern");
        run.lines.iter().any(|line| regex.is_match(line))
    };
    let patterns = case.windows.iter().map(|&rule| window(rule));
    patterns.filter(|pattern| !seen(pattern)).map(|pattern| format!("missing: {pattern}")).collect()
}

/// The command that repeats a run.
fn again(planned: &Planned) -> String {
    let ((build, profile), case) = (planned.kernel, &planned.case);
    if planned.from_cd {
        return format!("scripts/jos test {}", planned.name());
    }
    let mut words = vec!["scripts/jos run".to_owned(), typed(planned).join(" ")];
    words.push(format!("--cpus {} --build {build} --profile {profile}", case.cpus));
    if case.memory != Case::BASE.memory {
        words.push(format!("--memory {}", case.memory));
    }
    words.extend(extra_words(case).iter().map(|word| format!("--option '{word}'")));
    if keeps_monitor(case) {
        words.push("--keep-monitor".to_owned());
    }
    words.join(" ")
}
