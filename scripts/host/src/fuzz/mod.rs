//! `jos fuzz`: random system calls at the edges of the interface.
//!
//! With one CPU *episodes*: a few envs take turns, and every answer of the kernel, and every page and record that the envs can
//! see afterwards, has to be what a model of the interface says ([`model`]). With more, or with `--crowd`, *crowds*: many envs
//! do everything to each other at once; then the kernel has to survive, its checker to be silent and its books to balance,
//! and no answer may be one that can never be. A failure is made as small as it goes, and shown with the command that repeats
//! it. The guest's half is in `user/src/fuzz`, what both share in `user/fuzz`.

pub mod boot;
mod calls;
pub mod crowd;
pub mod episodes;
pub mod model;
pub mod show;
pub mod shrink;

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Args;

use crate::interrupt;
use crate::kernel_build;
use crate::options::KernelOptions;
use crate::outcome::Outcome;
use crate::progress::Progress;

use boot::Boot;
use crowd::{ALL_KINDS, Crowd};

/// Make random system calls, and compare the answers with those of a model
///
/// With one CPU all answers are compared; with more, many envs call at once and the kernel has to survive. The first failure
/// is made as small as possible and shown with the command that repeats it.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Number of CPUs of the guest.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=255))]
    cpus: u16,
    /// How many calls to make at least.
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(1..))]
    calls: u64,
    /// The seed [default: from the clock].
    #[arg(long, value_name = "X")]
    seed: Option<u32>,
    /// Many envs at once, also on one CPU.
    #[arg(long)]
    crowd: bool,
    /// Envs of a crowd that are looked after; their children come on top [default: by the number of CPUs].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=128))]
    envs: Option<u32>,
    /// What a crowd does: a set of system calls by number and of other deeds (see user/fuzz/src/crowd.rs).
    #[arg(long, value_name = "SET", value_parser = set)]
    kinds: Option<u32>,
    /// Only this episode.
    #[arg(long, value_name = "N")]
    episode: Option<u32>,
    /// Only these steps of the episode, as a failure shows them.
    #[arg(long, value_name = "SET", requires = "episode")]
    steps: Option<String>,
    /// That episode and those behind it up to this one, in one boot.
    #[arg(long, value_name = "M", requires = "episode", conflicts_with = "steps")]
    until: Option<u32>,
    /// Guest memory in MiB. Little of it makes a crowd's calls fail for want of memory.
    #[arg(long, value_name = "MIB", default_value_t = 128, value_parser = clap::value_parser!(u32).range(8..=256))]
    memory: u32,
    /// A word on the kernel's command line, as for `run`: `storm=100` interrupts often.
    #[arg(long = "option", value_name = "WORD")]
    words: Vec<String>,
    #[command(flatten)]
    kernel: KernelOptions,
}

impl Options {
    /// That many calls from this seed, everything else as people get it.
    pub fn new(cpus: u16, calls: u64, seed: u32, kernel: KernelOptions) -> Options {
        Options {
            cpus,
            calls,
            seed: Some(seed),
            crowd: false,
            envs: None,
            kinds: None,
            episode: None,
            steps: None,
            until: None,
            memory: 128,
            words: Vec::new(),
            kernel,
        }
    }

    /// The same with a word on the kernel's command line.
    #[must_use]
    pub fn with_word(mut self, word: &str) -> Options {
        self.words.push(word.to_owned());
        self
    }
}

/// How long a guest may say nothing. A watch-dog only.
const PATIENCE: Duration = Duration::from_secs(300);

/// Deeds of a crowd in one boot. With more the slots are full of envs whose parents are dead, and little happens.
const DEEDS: u64 = 50_000;

/// Envs that can't be reached any more fill memory, so the boots with little of it are short.
const DEEDS_IN_LITTLE: u64 = 25_000;
const LITTLE: u32 = 16;

/// Runs the sub-command.
///
/// # Errors
/// When the kernel does not build or QEMU does not start.
pub fn fuzz(options: &Options) -> Result<Outcome> {
    let seed = options.seed.unwrap_or_else(seed_from_clock);
    let image = kernel_build::build(options.kernel.build, options.kernel.profile)?;
    let boot = Boot {
        image: &image,
        kernel: options.kernel,
        cpus: options.cpus,
        memory: options.memory,
        words: &options.words,
        patience: PATIENCE,
    };
    if let Some(episode) = options.episode {
        return match options.until {
            Some(last) => some_episodes(options, &boot, seed, episode, last),
            None => one_episode(options, &boot, seed, episode),
        };
    }
    println!("seed {seed}: repeat this session with --seed {seed}");
    if options.cpus == 1 && !options.crowd { episodes(options, &boot, seed) } else { crowds(options, &boot, seed) }
}

fn episodes(options: &Options, boot: &Boot<'_>, seed: u32) -> Result<Outcome> {
    let started = Instant::now();
    let mut progress = Progress::of(options.calls);
    let (mut calls, mut next, mut boots) = (0, 0, 0);
    while calls < options.calls {
        let chunk = episodes::chunk(boot, seed, next, episodes::count(options.calls - calls), &mut progress)?;
        (calls, next, boots) = (calls + chunk.calls, next + chunk.episodes, boots + 1);
        progress.advance(chunk.calls);
        if interrupt::seen() {
            return Ok(Outcome::Interrupted);
        }
        if let Some(failure) = chunk.failure {
            let report = episodes::explain(boot, seed, chunk.first, &failure, &mut progress)?;
            progress.line(&report);
            println!("{calls} calls of {next} episodes were as the model says, then one was not");
            return Ok(Outcome::Failed.worse(failure.booted.outcome));
        }
        progress.say(&format!("{calls} of {} calls, {next} episodes, {boots} boots", options.calls));
    }
    drop(progress);
    let time = started.elapsed().as_secs_f64();
    println!(
        "{}: {calls} calls of {next} episodes in {boots} boots, {time:.0} s: every answer as the model says",
        boot.name()
    );
    Ok(Outcome::Good)
}

fn some_episodes(options: &Options, boot: &Boot<'_>, seed: u32, first: u32, last: u32) -> Result<Outcome> {
    alone(options)?;
    let count = last.checked_sub(first).map_or(0, |more| more + 1);
    if !(1..=episodes::PER_BOOT).contains(&count) {
        bail!("--until {last} has to be an episode behind {first}, at most {} of them", episodes::PER_BOOT);
    }
    let chunk = episodes::chunk(boot, seed, first, count, &mut Progress::of(u64::from(count)))?;
    if let Some(failure) = chunk.failure {
        println!("episode {} of seed {seed}: {}\n{}", failure.episode, failure.what, failure.booted.tail);
        return Ok(Outcome::Failed.worse(failure.booted.outcome));
    }
    println!("{}: {} calls of {} episodes: every answer as the model says", boot.name(), chunk.calls, chunk.episodes);
    Ok(Outcome::Good)
}

fn one_episode(options: &Options, boot: &Boot<'_>, seed: u32, episode: u32) -> Result<Outcome> {
    alone(options)?;
    let kept = options.steps.as_deref().map_or_else(|| (0..episodes::LENGTH).collect(), episodes::from_digits);
    let replay = episodes::replay(boot, seed, episode, &kept)?;
    println!("{}", replay.report());
    Ok(if replay.fails() { Outcome::Failed.worse(replay.outcome()) } else { Outcome::Good })
}

fn alone(options: &Options) -> Result<()> {
    if options.cpus != 1 {
        bail!("an episode needs --cpus 1: with more, ids are handed out in another order");
    }
    Ok(())
}

fn crowds(options: &Options, boot: &Boot<'_>, seed: u32) -> Result<Outcome> {
    let started = Instant::now();
    let mut progress = Progress::of(options.calls);
    let (mut deeds, mut boots) = (0, 0);
    let envs = options.envs.unwrap_or_else(|| (2 * u32::from(options.cpus)).clamp(4, 96));
    let kinds = options.kinds.unwrap_or(ALL_KINDS);
    let mut seed = seed;
    while deeds < options.calls {
        // Now and then so little memory that it runs out.
        let little = boots % 4 == 3 && options.memory > LITTLE;
        let (memory, most) = if little { (LITTLE, DEEDS_IN_LITTLE) } else { (options.memory, DEEDS) };
        let share = u32::try_from(most.min(options.calls - deeds)).unwrap_or(u32::MAX);
        let boot = Boot { memory, ..*boot };
        let crowd = Crowd { seed, envs, deeds: share, kinds };
        let gathering = crowd.run(&boot, &mut progress)?;
        (deeds, boots) = (deeds + gathering.deeds, boots + 1);
        progress.advance(gathering.deeds);
        if interrupt::seen() {
            return Ok(Outcome::Interrupted);
        }
        if let Some((what, booted)) = gathering.failure {
            progress.line(&format!("seed {seed} failed: {what}\n{}", booted.tail));
            let small = crowd.shrink(&boot, &mut progress)?;
            let again = small.unwrap_or(crowd);
            let certainty = if small.is_some() { "" } else { " (which did not fail again)" };
            println!(
                "{deeds} deeds were fine, then some were not\nagain{certainty}: scripts/jos fuzz --crowd --cpus {} {} --memory {} {}",
                boot.cpus,
                again.options(),
                boot.memory,
                boot.options(),
            );
            return Ok(Outcome::Failed.worse(booted.outcome));
        }
        seed = next_seed(seed);
        progress.say(&format!("{deeds} of {} deeds, {boots} boots; seed {seed}", options.calls));
    }
    drop(progress);
    let time = started.elapsed().as_secs_f64();
    println!("{}: {deeds} deeds of crowds in {boots} boots, {time:.0} s: nothing wrong", boot.name());
    Ok(Outcome::Good)
}

/// A set, as a number: decimal, or hexadecimal with `0x`.
fn set(text: &str) -> Result<u32, String> {
    let hex = text.strip_prefix("0x");
    hex.map_or_else(|| text.parse(), |digits| u32::from_str_radix(digits, 16)).map_err(|error| error.to_string())
}

/// A sequence that visits every number once before it repeats (Numerical Recipes, section 7.1).
fn next_seed(seed: u32) -> u32 {
    seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223)
}

fn seed_from_clock() -> u32 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    now.subsec_nanos() ^ u32::try_from(now.as_secs() & 0xffff_ffff).unwrap_or_default()
}
