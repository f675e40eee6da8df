//! Who holds what and who waits for whom, in words.

use super::held::Held;
use super::report::Place;
use super::{Checker, stuck};
use crate::Machine;
use core::fmt;

/// What every CPU holds and waits for.
pub(crate) struct AllHeld<'a>(pub(crate) &'a Checker);

impl fmt::Display for AllHeld<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut nothing = true;
        for (i, cpu) in self.0.cpus.iter().enumerate() {
            if self.0.locks(i).next().is_some() || cpu.wait().is_some() {
                nothing = false;
                write_cpu(f, i, self.0)?;
            }
        }
        if nothing {
            writeln!(f, "  no CPU holds a lock")?;
        }
        Ok(())
    }
}

/// What CPU `number` holds and waits for.
pub(crate) fn write_cpu(f: &mut fmt::Formatter<'_>, number: usize, checker: &Checker) -> fmt::Result {
    let in_user_mode = checker.held(number).iter().any(|held| held.lock.rank.is_wait());
    let note = if in_user_mode { " (in user mode, or on its way there)" } else { "" };
    if checker.locks(number).next().is_none() {
        writeln!(f, "  CPU {number} holds nothing{note}")?;
    } else {
        writeln!(f, "  CPU {number} holds, first taken first:{note}")?;
        for Held { lock, site } in checker.locks(number) {
            writeln!(f, "    {lock}, taken at {}", Place(Some(site)))?;
        }
    }
    match checker.cpus[number].wait() {
        Some(wait) => writeln!(f, "    and {}", Waits(wait)),
        None => Ok(()),
    }
}

/// Who waits for whom, starting with `cpu`; with the stack of each, from where it began to wait.
pub(crate) fn write_chain<M: Machine>(f: &mut fmt::Formatter<'_>, cpu: usize) -> fmt::Result {
    let checker = M::checker();
    let mut last = None;
    for link in stuck::chain(checker, cpu) {
        write!(f, "  CPU {} {}", link.cpu, Waits(link.wait))?;
        match link.next {
            Some((holder, Some(held))) => {
                writeln!(f, ", taken by CPU {holder} at {}", Place(Some(held.site)))?;
            }
            Some((_, None)) => writeln!(f)?,
            None => writeln!(f, ", taken by nobody that is known")?,
        }
        checker.cpus[link.cpu].wait_stack.write::<M>(f)?;
        last = link.next;
    }
    match last {
        Some((cpu, _)) if checker.cpus[cpu].wait().is_some() => {
            writeln!(f, "  so CPU {cpu} waits for itself: a deadlock")
        }
        Some((cpu, _)) => write_doing::<M>(f, cpu),
        None => Ok(()),
    }?;
    write_others::<M>(f, cpu)
}

/// What a CPU that waits for nobody was doing when it was stopped.
fn write_doing<M: Machine>(f: &mut fmt::Formatter<'_>, number: usize) -> fmt::Result {
    write!(f, "  CPU {number} waits for nobody; it ")?;
    write_stopped::<M>(f, number)
}

/// What a CPU was doing when it was stopped: the rest of a line, and its stack.
pub(crate) fn write_stopped<M: Machine>(f: &mut fmt::Formatter<'_>, number: usize) -> fmt::Result {
    let cpu = &M::checker().cpus[number];
    match (cpu.is_stopped(), cpu.last_stack.is_empty()) {
        (false, _) => writeln!(f, "could not be asked what it is doing"),
        (true, true) => writeln!(f, "was in user mode"),
        (true, false) => {
            writeln!(f, "was here when this report stopped it:")?;
            cpu.last_stack.write::<M>(f)
        }
    }
}

/// The CPUs that wait and are not in the chain that starts with `first`: most wait for a lock that the chain is about.
fn write_others<M: Machine>(f: &mut fmt::Formatter<'_>, first: usize) -> fmt::Result {
    let checker = M::checker();
    for (number, cpu) in checker.cpus.iter().enumerate() {
        let Some(wait) = cpu.wait() else { continue };
        if stuck::chain(checker, first).any(|link| link.cpu == number) {
            continue;
        }
        write!(f, "  besides, CPU {number} {}", Waits(wait))?;
        match stuck::waited_for(checker, wait) {
            Some((holder, Some(_))) => writeln!(f, ", taken by CPU {holder}")?,
            _ => writeln!(f)?,
        }
    }
    Ok(())
}

/// What is waited for, and where.
struct Waits(Held);

impl fmt::Display for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Held { lock, site } = self.0;
        let site = Place(Some(site));
        if lock.rank.is_wait() {
            write!(f, "waits for CPU {} to answer at {site}", lock.key)
        } else {
            write!(f, "waits for {lock} at {site}")
        }
    }
}
