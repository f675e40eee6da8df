//! What the plugin leaves behind: a file of lines, each a word and numbers.

use anyhow::{Context, Result, bail};

use super::{CpuTime, Point, SpinSite, footprints};

/// Forced releases allowed, as a part of all turns.
const MOST_FORCED: f64 = 1e-4;

/// Reads the file. The inner error is the plugin's own: why there is no result.
///
/// # Errors
/// When the text is not what a plugin writes.
pub(super) fn read(text: &str) -> Result<Result<Point, String>> {
    let mut point = Point::default();
    let mut complete = false;
    for line in text.lines() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "error" => return Ok(Err(rest.to_owned())),
            "ops" => point.ops = one(rest)?,
            "began" => point.began = one(rest)?,
            "ticks" => point.ticks = one(rest)?,
            "forced" => point.forced = one(rest)?,
            "turns" => point.turns = one(rest)?,
            "history" => point.history = one(rest)?,
            "disorder" => point.disorder = one(rest)?,
            "cpu" => point.cpus.push(cpu(rest)?),
            "site" => point.sites.push(site(rest)?),
            "done" => footprints::done(&mut point.footprints, &numbers(rest)?)?,
            "read" | "write" => footprints::touch(&mut point.footprints, word == "write", &numbers(rest)?)?,
            "end" => complete = true,
            other => bail!("the plugin wrote the unknown word {other:?}"),
        }
    }
    if !complete {
        bail!("the plugin's results are cut short");
    }
    point.sites.sort_by_key(|site| std::cmp::Reverse(site.ticks));
    if point.forced as f64 > point.turns as f64 * MOST_FORCED {
        return Ok(Err(format!(
            "the host held up the machine too often: {} of {} turns were forced",
            point.forced, point.turns
        )));
    }
    Ok(Ok(point))
}

fn numbers(text: &str) -> Result<Vec<u64>> {
    text.split_whitespace()
        .map(|word| word.parse().with_context(|| format!("the plugin wrote {word:?} for a number")))
        .collect()
}

fn one(text: &str) -> Result<u64> {
    numbers(text)?.first().copied().context("the plugin left out a number")
}

fn cpu(text: &str) -> Result<CpuTime> {
    let [user, kernel, spin, idle] = numbers(text)?[..] else { bail!("a CPU has four numbers, not {text:?}") };
    Ok(CpuTime { user, kernel, spin, idle })
}

/// Ticks, the `pause`, its callers.
fn site(text: &str) -> Result<SpinSite> {
    let numbers = numbers(text)?;
    let [ticks, ref places @ ..] = numbers[..] else { bail!("a place has a number of ticks") };
    let mut places = places.iter().map(|&place| u32::try_from(place));
    let pc = places.next().context("a place has an address")??;
    Ok(SpinSite { pc, callers: places.collect::<Result<_, _>>()?, ticks })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "ops 7\nbegan 90\nticks 1000\nforced 0\nturns 5\nhistory 18446744073709551615\ncpu 400 500 60 40\nsite 10 4027580416 4027580500\n\
                        site 50 4027580417\nend\n";

    #[test]
    fn results_are_read() {
        let point = read(GOOD).expect("well-formed").expect("a result");
        assert_eq!((point.ops, point.began, point.ticks, point.turns), (7, 90, 1000, 5));
        assert_eq!(point.history, u64::MAX);
        assert_eq!(point.cpus, [CpuTime { user: 400, kernel: 500, spin: 60, idle: 40 }]);
        assert_eq!(point.sites[0], SpinSite { pc: 0xf010_0001, callers: vec![], ticks: 50 });
        assert_eq!(point.sites[1].callers, [0xf010_0054]);
    }

    #[test]
    fn what_is_cut_short_or_unknown_is_refused() {
        assert!(read("ops 7\n").is_err());
        assert!(read("opps 7\nend\n").is_err());
        assert!(read("ops seven\nend\n").is_err());
        assert!(read(&GOOD.replace("500 60 40", "500")).is_err());
    }

    #[test]
    fn too_many_forced_turns_are_no_result() {
        let with = |forced: u32| GOOD.replace("forced 0\nturns 5", &format!("forced {forced}\nturns 20000"));
        assert!(read(&with(2)).expect("well-formed").is_ok());
        assert!(read(&with(3)).expect("well-formed").is_err_and(|why| why.contains("3 of 20000")));
    }
}
