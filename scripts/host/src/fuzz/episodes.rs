//! Episodes on one CPU: what the kernel answers against what the model says.

use std::ops::RangeInclusive;

use anyhow::{Result, bail};
use fuzz::Step;
use fuzz::plan::Plan;
use regex::Regex;

use super::boot::{Boot, Booted};
use super::model::{Expected, Model};
use super::show;
use super::shrink::shrink;
use crate::outcome::Outcome;
use crate::progress::Progress;

/// Steps of an episode, without its end.
pub const LENGTH: usize = 400;

/// Episodes of one boot at most. What can't be destroyed stays, so the slots are used up some time.
pub const PER_BOOT: u32 = 2000;

/// How many episodes, the failing one last, are played in one boot when that one does not fail alone.
const TOGETHER: [u32; 5] = [4, 16, 64, 256, 1024];

/// What one boot came to.
#[derive(Debug)]
pub struct Chunk {
    /// The number of the first episode.
    pub first: u32,
    /// Calls whose results were compared.
    pub calls: u64,
    /// Episodes.
    pub episodes: u32,
    /// What went wrong.
    pub failure: Option<Failure>,
}

/// An episode that did not go as it should.
#[derive(Debug)]
pub struct Failure {
    /// Its number.
    pub episode: u32,
    /// In words.
    pub what: String,
    /// How the boot ended.
    pub booted: Booted,
}

/// How many episodes one boot plays to make about `calls` calls.
pub fn count(calls: u64) -> u32 {
    u32::try_from(calls / (LENGTH as u64 / 2)).unwrap_or(u32::MAX).clamp(1, PER_BOOT)
}

/// Plays `count` episodes from number `first` on in one boot.
///
/// # Errors
/// When QEMU does not start.
pub fn chunk(boot: &Boot<'_>, seed: u32, first: u32, count: u32, progress: &mut Progress) -> Result<Chunk> {
    let mut judge = Judge::new(seed, first, None);
    let arguments = [seed, first, count, LENGTH as u32].map(|number| number.to_string()).to_vec();
    let mut said = String::new();
    let booted = boot.run("fuzz_steps", arguments, |line| {
        judge.look(line);
        if judge.calls > 0 && line.starts_with("FUZZ episode") {
            said = format!("seed {seed}, episode {}: {} calls of this boot compared", judge.next, judge.calls);
            progress.say(&said);
        }
    })?;
    let complete = judge.done && (judge.next == first + count || judge.full);
    let failure = match judge.wrong.take() {
        _ if booted.outcome == Outcome::Interrupted => None,
        Some(what) => Some(what),
        None if booted.outcome != Outcome::Good => Some("it did not end well".to_owned()),
        None if !complete => Some("it ended too early".to_owned()),
        None => None,
    };
    let failure = failure.map(|what| Failure { episode: judge.next, what, booted });
    Ok(Chunk { first, calls: judge.calls, episodes: judge.next - first, failure })
}

/// Makes the failing episode of a boot as short as it goes, and shows it. If it does not fail alone, says after how many others
/// it does.
///
/// # Errors
/// When QEMU does not start.
pub fn explain(boot: &Boot<'_>, seed: u32, first: u32, failure: &Failure, progress: &mut Progress) -> Result<String> {
    let episode = failure.episode;
    let head = format!("episode {episode} of seed {seed}: {}\n{}", failure.what, failure.booted.tail);
    let all: Vec<usize> = (0..LENGTH).collect();
    if !replay(boot, seed, episode, &all)?.fails() {
        return Ok(head + &in_company(boot, seed, first..=episode, progress)?);
    }
    let mut attempts = 0;
    let kept = shrink(all, |kept| {
        attempts += 1;
        progress.say(&format!("attempt {attempts} to make episode {episode} shorter: {} steps", kept.len()));
        Ok(replay(boot, seed, episode, kept)?.fails())
    })?;
    let replay = replay(boot, seed, episode, &kept)?;
    Ok(head + &replay.report)
}

/// Looks for the shortest row of episodes, of those played in one boot, whose last one fails as it did.
fn in_company(boot: &Boot<'_>, seed: u32, played: RangeInclusive<u32>, progress: &mut Progress) -> Result<String> {
    let (first, last) = played.into_inner();
    let begins = TOGETHER.iter().map(|count| (last + 1).saturating_sub(*count)).filter(|begin| *begin > first);
    let alone = "alone, on a fresh kernel, the episode goes as it should";
    for begin in begins.chain([first]) {
        let again = chunk(boot, seed, begin, last + 1 - begin, progress)?;
        let count = last - begin;
        let command =
            format!("again: scripts/jos fuzz --seed {seed} --episode {begin} --until {last} {}", boot.options());
        if let Some(again) = again.failure {
            let what = format!("episode {} goes wrong: {}", again.episode, again.what);
            return Ok(format!("{alone}; after {count} others in the same boot {what}\n{command}"));
        } else if begin == first {
            return Ok(format!(
                "{alone}, and so it does in the same boot again: by chance, an interrupt perhaps\n{command}"
            ));
        }
    }
    unreachable!("the whole boot is tried last");
}

/// One episode alone, only some of its steps.
pub struct Replay {
    booted: Booted,
    wrong: Option<String>,
    report: String,
}

impl Replay {
    /// Whether anything was not as it should be.
    pub fn fails(&self) -> bool {
        self.wrong.is_some() || self.booted.outcome != Outcome::Good
    }

    /// How the boot ended.
    pub fn outcome(&self) -> Outcome {
        self.booted.outcome
    }

    /// The steps, and what was not as it should be.
    pub fn report(&self) -> &str {
        &self.report
    }
}

/// Plays only the steps `kept` of an episode, on a fresh kernel.
///
/// # Errors
/// When QEMU does not start.
pub fn replay(boot: &Boot<'_>, seed: u32, episode: u32, kept: &[usize]) -> Result<Replay> {
    let digits = digits(kept);
    let mut judge = Judge::new(seed, episode, Some(kept));
    let mut answers: Vec<Option<u32>> = Vec::new();
    let pattern = Regex::new(r"^FUZZ step (\d+) result ([0-9a-f]{8})")?;
    let mut arguments = [seed, episode, 1, LENGTH as u32].map(|number| number.to_string()).to_vec();
    arguments.extend([digits.clone(), "show".to_owned()]);
    let booted = boot.run("fuzz_steps", arguments, |line| {
        judge.look(line);
        if let Some(found) = pattern.captures(line)
            && let (Ok(i), Ok(value)) = (found[1].parse::<usize>(), u32::from_str_radix(&found[2], 16))
        {
            answers.resize(answers.len().max(i + 1), None);
            answers[i] = Some(value);
        }
    })?;
    let command =
        format!("again: scripts/jos fuzz --seed {seed} --episode {episode} --steps {digits} {}", boot.options());
    let steps = steps(seed, episode, Some(kept));
    let listing = match Model::new().play(&steps) {
        Ok(expected) => show::listing(&steps, &expected, &answers),
        Err(_) => bail!("a fresh kernel has no room for an episode"),
    };
    let end = if booted.outcome == Outcome::Good { String::new() } else { booted.tail.clone() };
    let wrong = judge.wrong.take();
    let report = format!("{listing}{}\n{end}{command}", wrong.clone().unwrap_or_default());
    Ok(Replay { booted, wrong, report })
}

/// Compares lines with what the model expects of one episode after the other.
struct Judge<'a> {
    seed: u32,
    next: u32,
    kept: Option<&'a [usize]>,
    model: Model,
    kills: Vec<(u32, u32)>,
    calls: u64,
    wrong: Option<String>,
    done: bool,
    full: bool,
    killed: Regex,
    ended: Regex,
}

impl<'a> Judge<'a> {
    fn new(seed: u32, first: u32, kept: Option<&'a [usize]>) -> Judge<'a> {
        let regex = |pattern| Regex::new(pattern).expect("a constant");
        Judge {
            seed,
            next: first,
            kept,
            model: Model::new(),
            kills: Vec::new(),
            calls: 0,
            wrong: None,
            done: false,
            full: false,
            killed: regex(r"^\[([0-9a-f]{8})\] user_mem_check assertion failure for va ([0-9a-f]{8})"),
            ended: regex(r"^FUZZ episode (\d+) digest ([0-9a-f]{8})"),
        }
    }

    fn look(&mut self, line: &str) {
        let hex = |text: &str| u32::from_str_radix(text, 16).unwrap_or_default();
        if self.wrong.is_some() {
        } else if line.starts_with("FUZZ WRONG") {
            self.wrong = Some(line.to_owned());
        } else if line.starts_with("FUZZ done") {
            self.done = true;
        } else if line.starts_with("FUZZ full") {
            (self.full, self.done) = (true, true);
            if self.expected().is_some() {
                self.wrong = Some("there is room for another episode, and the kernel says there is not".to_owned());
            }
        } else if let Some(found) = self.killed.captures(line) {
            self.kills.push((hex(&found[1]), hex(&found[2])));
        } else if let Some(found) = self.ended.captures(line) {
            let (number, digest) = (found[1].to_owned(), hex(&found[2]));
            self.compare(&number, digest);
        }
    }

    fn expected(&mut self) -> Option<Expected> {
        self.model.play(&steps(self.seed, self.next, self.kept)).ok()
    }

    fn compare(&mut self, number: &str, digest: u32) {
        let kills = std::mem::take(&mut self.kills);
        let Some(expected) = self.expected() else {
            self.wrong = Some("the kernel has envs for an episode, and there should be none left".to_owned());
            return;
        };
        self.wrong = if number != self.next.to_string() {
            Some(format!("episode {number} came in place of {}", self.next))
        } else if digest != expected.digest() {
            Some("the results are not those of the model".to_owned())
        } else if kills != expected.kills {
            let show = |kills: &[(u32, u32)]| {
                kills.iter().map(|(id, va)| format!("{id:08x} for va {va:08x}")).collect::<Vec<_>>().join(", ")
            };
            let (kernel, model) = (show(&kills), show(&expected.kills));
            Some(format!("destroyed for bad addresses: by the kernel [{kernel}], by the model [{model}]"))
        } else {
            self.calls += expected.calls;
            self.next += 1;
            None
        };
    }
}

/// The steps of an episode, without its end; only those of `kept`, if there is such a list.
fn steps(seed: u32, episode: u32, kept: Option<&[usize]>) -> Vec<Step> {
    let mut plan = Plan::new(seed, episode);
    let all = (0..LENGTH).map(|i| (i, plan.step()));
    all.filter(|(i, _)| kept.is_none_or(|kept| kept.contains(i))).map(|(_, step)| step).collect()
}

/// The set of these numbers, as the guest reads it.
pub fn digits(kept: &[usize]) -> String {
    let mut digits = vec![0_u32; LENGTH.div_ceil(4)];
    kept.iter().for_each(|i| digits[i / 4] |= 1 << (i % 4));
    let last = digits.iter().rposition(|digit| *digit != 0).map_or(1, |last| last + 1);
    digits[..last].iter().map(|digit| char::from_digit(*digit, 16).unwrap_or('0')).collect()
}

/// The numbers in such a set.
pub fn from_digits(digits: &str) -> Vec<usize> {
    let values = digits.chars().map(|digit| digit.to_digit(16).unwrap_or(0));
    let bits = values.enumerate().flat_map(|(i, digit)| (0..4).map(move |bit| (4 * i + bit, digit >> bit & 1)));
    bits.filter(|(i, bit)| *bit == 1 && *i < LENGTH).map(|(i, _)| i).collect()
}
