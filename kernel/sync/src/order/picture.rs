//! Who holds what and who waits for whom, in words.

use super::held::{Held, PerCpu, Wait};
use super::report::Place;
use super::{Checker, stuck};
use core::fmt;

/// What every CPU holds and waits for.
pub(crate) struct AllHeld<'a>(pub(crate) &'a Checker);

impl fmt::Display for AllHeld<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut nothing = true;
        for (i, cpu) in self.0.cpus.iter().enumerate() {
            if cpu.held().next().is_some() || cpu.wait().is_some() {
                nothing = false;
                write_cpu(f, i, cpu)?;
            }
        }
        if nothing {
            writeln!(f, "  no CPU holds a lock")?;
        }
        Ok(())
    }
}

/// What CPU `number` holds and waits for.
pub(crate) fn write_cpu(f: &mut fmt::Formatter<'_>, number: usize, cpu: &PerCpu) -> fmt::Result {
    if cpu.held().next().is_none() {
        writeln!(f, "  CPU {number} holds nothing")?;
    } else {
        writeln!(f, "  CPU {number} holds, first taken first:")?;
        for Held { lock, site } in cpu.held() {
            writeln!(f, "    {lock}, taken at {}", Place(Some(site)))?;
        }
    }
    match cpu.wait() {
        Some(wait) => writeln!(f, "    and {wait}"),
        None => Ok(()),
    }
}

/// Who waits for whom, starting with `cpu`.
pub(crate) fn write_chain(f: &mut fmt::Formatter<'_>, checker: &Checker, cpu: usize) -> fmt::Result {
    let mut last = None;
    for link in stuck::chain(checker, cpu) {
        write!(f, "  CPU {} {}", link.cpu, link.wait)?;
        match link.next {
            Some((holder, Some(held))) => {
                writeln!(f, ", taken by CPU {holder} at {}", Place(Some(held.site)))?;
            }
            Some((_, None)) => writeln!(f)?,
            None => writeln!(f, ", taken by nobody that is known")?,
        }
        last = link.next;
    }
    match last {
        Some((cpu, _)) if checker.cpus[cpu].wait().is_some() => {
            writeln!(f, "  so CPU {cpu} waits for itself: a deadlock")
        }
        Some((cpu, _)) => writeln!(f, "  CPU {cpu} waits for nobody: what is it doing?"),
        None => Ok(()),
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Lock(Held { lock, site }) => {
                write!(f, "waits for {lock} at {}", Place(Some(site)))
            }
            Self::Cpu(cpu, site) => {
                write!(f, "waits for CPU {cpu} to answer at {}", Place(Some(site)))
            }
        }
    }
}
