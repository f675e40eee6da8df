//! Crowds on many CPUs: the kernel has to survive, its checker to be silent, its books to balance, and no answer may be one
//! that can't be.

use anyhow::Result;
use fuzz::crowd::KINDS;
use regex::Regex;

use super::boot::{Boot, Booted};
use super::shrink::{lower, shrink};
use crate::outcome::Outcome;
use crate::progress::Progress;

/// Every kind of deed.
pub const ALL_KINDS: u32 = (1 << KINDS) - 1;

/// How often a smaller crowd is tried before it counts as one that does not fail: who comes first differs from run to run.
const ATTEMPTS: u32 = 3;

/// A crowd: what the program is told.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    /// Where the deeds come from.
    pub seed: u32,
    /// Envs that the program looks after.
    pub envs: u32,
    /// Deeds to do.
    pub deeds: u32,
    /// Which kinds of deeds.
    pub kinds: u32,
}

/// What a crowd came to.
#[derive(Debug)]
pub struct Gathering {
    /// Deeds done.
    pub deeds: u64,
    /// What went wrong.
    pub failure: Option<(String, Booted)>,
}

impl Crowd {
    /// Boots and lets the crowd do its deeds.
    ///
    /// # Errors
    /// When QEMU does not start.
    pub fn run(&self, boot: &Boot<'_>, progress: &mut Progress) -> Result<Gathering> {
        let (at, end) = (Regex::new(r"^FUZZ crowd at (\d+)")?, Regex::new(r"^FUZZ crowd done (\d+) wrong (\d+)")?);
        let arguments = [self.seed, self.envs, self.deeds, self.kinds].map(|number| number.to_string()).to_vec();
        let (mut done, mut wrong) = (None, None);
        let booted = boot.run("fuzz_crowd", arguments, |line| {
            if let Some(found) = at.captures(line) {
                progress.say(&format!("seed {}: {} of {} deeds of this boot", self.seed, &found[1], self.deeds));
            } else if let Some(found) = end.captures(line) {
                done = found[1].parse().ok();
            } else if line.starts_with("FUZZ WRONG") {
                wrong.get_or_insert_with(|| line.to_owned());
            }
        })?;
        let what = match (wrong, booted.outcome) {
            (_, Outcome::Interrupted) => None,
            (Some(wrong), _) => Some(wrong),
            (None, Outcome::Good) if done.is_some() => None,
            (None, Outcome::TimeUp) => Some("nothing has happened for a long time".to_owned()),
            (None, _) => Some("it did not end well".to_owned()),
        };
        Ok(Gathering { deeds: done.unwrap_or(0), failure: what.map(|what| (what, booted)) })
    }

    /// The smallest crowd found that still fails: first with fewer kinds of deeds, then with fewer envs, then for a shorter
    /// time.
    ///
    /// # Errors
    /// When QEMU does not start.
    pub fn shrink(self, boot: &Boot<'_>, progress: &mut Progress) -> Result<Option<Crowd>> {
        let mut attempts = 0;
        let mut fails = |crowd: Crowd| {
            for _ in 0..ATTEMPTS {
                attempts += 1;
                progress.say(&format!(
                    "attempt {attempts} with a smaller crowd: {} envs, {} deeds, kinds {:#x}",
                    crowd.envs, crowd.deeds, crowd.kinds
                ));
                if crowd.run(boot, &mut Progress::silent())?.failure.is_some() {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        if !fails(self)? {
            return Ok(None);
        }
        let kinds: Vec<u32> = (0..KINDS).filter(|kind| self.kinds & 1 << kind != 0).collect();
        let set = |kinds: &[u32]| kinds.iter().fold(0, |set, kind| set | 1 << kind);
        let kinds = set(&shrink(kinds, |kinds| fails(Crowd { kinds: set(kinds), ..self }))?);
        let envs = lower(1, self.envs, |envs| fails(Crowd { kinds, envs, ..self }))?;
        let mut crowd = Crowd { kinds, envs, ..self };
        while crowd.deeds > 500 && fails(Crowd { deeds: crowd.deeds / 2, ..crowd })? {
            crowd.deeds /= 2;
        }
        Ok(Some(crowd))
    }

    /// The options that repeat it.
    pub fn options(&self) -> String {
        format!("--seed {} --envs {} --calls {} --kinds {:#x}", self.seed, self.envs, self.deeds, self.kinds)
    }
}
