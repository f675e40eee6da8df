//! `jos stress --soak`: for hours, and no two runs alike.
//!
//! Each run has a mix of its own: how many CPUs, which kernel, how much work for how many families, how often an audit
//! interrupts them, which seed for delays. All of it follows from the run's seed, so a session is repeated by its first seed and a
//! run by the command that is printed when it fails. A failure does not end the session: there may be others.

use std::fmt::{self, Display, Formatter};
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::interrupt;
use crate::kernel_build::{self, Build, Image, Profile};
use crate::outcome::Outcome;
use crate::programs::Program;
use crate::progress::Progress;
use crate::qemu::{Accel, MAX_MULTI_CPUS};
use crate::session::{Record, Session};
use crate::stress_run::{self, Options, next_seed};

/// How long one run may take. A watch-dog only: 255 CPUs on a busy host are slow.
const LIMIT: Duration = Duration::from_secs(1800);

/// Numbers of CPUs, the more frequent ones more than once: up to 8 run at the same time, the others in turns.
const CPUS: [u16; 14] = [1, 2, 2, 3, 4, 4, 4, 6, 8, 8, 16, 64, 128, 255];

/// What a run is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mix {
    seed: u32,
    cpus: u16,
    build: Build,
    profile: Profile,
    units: u32,
    families: u32,
    /// Words for the kernel's command line.
    options: Vec<String>,
}

/// What the runs of one kernel came to.
struct Row {
    kernel: (Build, Profile),
    runs: u32,
    operations: u64,
    audits: u64,
    failed: u32,
}

/// Runs one mix after the other until the time is over.
///
/// # Errors
/// When a kernel does not build or QEMU does not start.
pub(crate) fn soak(options: &Options, first: u32) -> Result<Outcome> {
    let images = images(options)?;
    println!("first seed {first}: repeat this session with --soak --seed {first}");
    let (started, time) = (Instant::now(), options.time());
    let mut progress = Progress::new();
    let mut rows: Vec<_> = images.iter().map(|(kernel, _)| Row::new(*kernel)).collect();
    let mut failures = Vec::new();
    let (mut seed, mut worst) = (first, Outcome::Good);
    while rows.iter().all(|row| row.runs == 0) || started.elapsed() < time {
        let mix = Mix::of(seed, options);
        let (runs, left) = (rows.iter().map(|row| row.runs).sum::<u32>(), time.saturating_sub(started.elapsed()));
        progress.say(&format!("{runs} runs, {} failed, {} left; now {mix}", failures.len(), hours(left)));
        let Some(at) = images.iter().position(|(kernel, _)| *kernel == (mix.build, mix.profile)) else { break };
        let record = mix.run(&images[at].1)?;
        if record.outcome == Outcome::Interrupted || interrupt::seen() {
            worst = worst.worse(Outcome::Interrupted);
            break;
        }
        if let Err(outcome) = rows[at].count(&record, seed) {
            worst = worst.worse(outcome);
            let failure = stress_run::failure(&record, outcome, seed, &mix.again());
            progress.line(&failure);
            failures.push(format!("{mix}: {}\n    {}", stress_run::what(outcome), mix.again()));
        }
        seed = next_seed(seed);
    }
    drop(progress);
    println!("soaked for {}, seeds {first} to before {seed}", hours(started.elapsed()));
    rows.iter().for_each(|row| println!("{row}"));
    println!("{} failed", failures.len());
    failures.iter().for_each(|failure| println!("  {failure}"));
    Ok(worst)
}

fn images(options: &Options) -> Result<Vec<((Build, Profile), Image)>> {
    let profiles = options.profile.map_or_else(|| Profile::ALL.to_vec(), |profile| vec![profile]);
    let builds = options.builds();
    let kernels = builds.iter().flat_map(|&build| profiles.iter().map(move |&profile| (build, profile)));
    kernels.map(|kernel| Ok((kernel, kernel_build::build(kernel.0, kernel.1)?))).collect()
}

impl Mix {
    /// The mix that belongs to a seed.
    fn of(seed: u32, options: &Options) -> Mix {
        let mut random = Random(u64::from(seed));
        let most = options.cpus.unwrap_or(255);
        let cpus: Vec<_> = CPUS.into_iter().filter(|&cpus| cpus <= most).collect();
        let cpus = random.choose(&cpus);
        let build = random.choose(&options.builds());
        // Checks find more, and optimised kernels meet other races.
        let either = random.choose(&[Profile::Debug, Profile::Debug, Profile::Debug, Profile::Release]);
        let profile = options.profile.unwrap_or(either);
        let units = options.units.unwrap_or_else(|| random.choose(&[50, 100, 200, 400]));
        // Many envs on few CPUs, few on many.
        let families = options.families.unwrap_or_else(|| random.choose(&[1, 2, 4, 8, 12]));
        let gates = random.choose(&[0, 100, 300, 1000, 10_000]);
        // CPUs that have their turns have delays enough, and one delay more would be a turn of all others.
        let delays = random.below(2) * random.below(u32::MAX) * u32::from(cpus <= MAX_MULTI_CPUS);
        let mut words = options.kernel_options.clone();
        if profile == Profile::Debug {
            words.extend((gates > 0).then(|| format!("audit={gates}")));
            words.extend((delays > 0).then(|| format!("delays={delays}")));
        }
        Mix { seed, cpus, build, profile, units, families, options: words }
    }

    fn program(&self) -> Program {
        stress_run::program(self.seed, self.units, self.families)
    }

    fn run(&self, image: &Image) -> Result<Record> {
        let program = self.program();
        let options = &self.options;
        Session { image, program: &program, cpus: self.cpus, accel: Accel::Tcg, options, limit: LIMIT }.run()
    }

    /// The command that repeats it.
    fn again(&self) -> String {
        stress_run::again(&self.program(), self.cpus, (self.build, self.profile), &self.options)
    }
}

impl Display for Mix {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Mix { seed, cpus, build, profile, units, families, options } = self;
        write!(f, "seed {seed}: {build} {profile}, {cpus} CPUs, {families} families of {units} units")?;
        options.iter().try_for_each(|word| write!(f, ", {word}"))
    }
}

impl Row {
    fn new(kernel: (Build, Profile)) -> Row {
        Row { kernel, runs: 0, operations: 0, audits: 0, failed: 0 }
    }

    /// Counts a run; its outcome if it was not good.
    fn count(&mut self, record: &Record, seed: u32) -> Result<(), Outcome> {
        self.runs += 1;
        let (operations, _) = stress_run::verdict(record, seed).inspect_err(|_| self.failed += 1)?;
        self.operations += operations;
        self.audits += record.lines.iter().filter_map(|line| audits(&line.text)).sum::<u64>();
        Ok(())
    }
}

impl Display for Row {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Row { kernel: (build, profile), runs, operations, audits, failed } = self;
        write!(
            f,
            "{build} {profile}: {runs} runs, {failed} failed, {operations} operations, {audits} audits while programs ran"
        )
    }
}

/// What a kernel says of the audits it made.
fn audits(line: &str) -> Option<u64> {
    line.strip_prefix("audits: ")?.split(' ').next()?.parse().ok()
}

/// A time as hours and minutes.
fn hours(time: Duration) -> String {
    format!("{}:{:02} h", time.as_secs() / 3600, time.as_secs() / 60 % 60)
}

/// SplitMix64 (Steele, Lea, Flood 2014): good enough to choose from lists, and the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from((mixed ^ (mixed >> 31)) % u64::from(limit)).unwrap_or_default()
    }

    fn choose<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(u32::try_from(from.len()).unwrap_or(u32::MAX)) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mixes(options: &Options) -> Vec<Mix> {
        std::iter::successors(Some(1), |&seed| Some(next_seed(seed)))
            .take(300)
            .map(|seed| Mix::of(seed, options))
            .collect()
    }

    #[test]
    fn a_seed_has_one_mix_and_a_session_has_all() {
        let options = Options::default();
        let all = mixes(&options);
        assert_eq!(all, mixes(&options));
        assert!(CPUS.iter().all(|cpus| all.iter().any(|mix| mix.cpus == *cpus)));
        let mut delayed = all.iter().filter(|mix| mix.options.iter().any(|word| word.starts_with("delays=")));
        assert!(delayed.all(|mix| mix.cpus <= MAX_MULTI_CPUS), "they wait for their turns already");
        for build in Build::ALL {
            for profile in Profile::ALL {
                let of_kernel = || all.iter().filter(|mix| (mix.build, mix.profile) == (build, profile));
                assert!(of_kernel().count() > 10);
                for key in ["audit=", "delays="] {
                    let has = |mix: &Mix| mix.options.iter().any(|word| word.starts_with(key));
                    assert_eq!(of_kernel().any(has), profile == Profile::Debug, "{key}");
                }
            }
        }
    }

    #[test]
    fn what_is_asked_for_is_kept() {
        let options = Options {
            cpus: Some(8),
            build: Some(Build::Big),
            profile: Some(Profile::Release),
            units: Some(7),
            families: Some(3),
            ..Options::default()
        };
        let fits = |mix: &Mix| {
            mix.cpus <= 8
                && (mix.build, mix.profile, mix.units, mix.families) == (Build::Big, Profile::Release, 7, 3)
                && mix.options.is_empty()
        };
        assert!(mixes(&options).iter().all(fits));
    }

    #[test]
    fn a_run_is_repeated_by_its_command() {
        let mix = Mix {
            seed: 9,
            cpus: 3,
            build: Build::Fine,
            profile: Profile::Debug,
            units: 50,
            families: 2,
            options: vec!["audit=30".to_owned()],
        };
        let command = "scripts/jos run stress:9:50:2 --cpus 3 --build fine --profile debug --quiet --option audit=30";
        assert_eq!(mix.again(), command);
        assert_eq!(mix.to_string(), "seed 9: fine debug, 3 CPUs, 2 families of 50 units, audit=30");
    }

    #[test]
    fn audits_are_counted() {
        assert_eq!(audits("audits: 30 while programs ran, 2968 ms"), Some(30));
        assert_eq!(audits("audit: ok, 30000 frames and 1024 env slots free"), None);
    }
}
