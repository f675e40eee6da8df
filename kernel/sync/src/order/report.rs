//! What a report says, and how it gets out.
//!
//! Everything known is put into one piece of text and handed to [`Machine::report`] at once.

use super::held::Held;
use super::kind::Kind;
use super::picture::{self, AllHeld};
use super::{Lock, Site, scenario, stack, this_cpu};
use crate::atomic::spin_loop;
use crate::gate::Gate;
use crate::{Machine, Rank};
use core::fmt;
use core::marker::PhantomData;
use core::sync::atomic::Ordering::Relaxed;

/// How many return addresses a report shows.
const BACKTRACE: usize = 24;

/// How long a CPU lets another finish its report, in milliseconds. After that it prints anyway: the
/// other one may have been stopped in the middle.
const TURN_MS: u32 = 2_000;

/// Under this kind the checker remembers which locks were held at any gate.
const LEFT_HELD: Kind = Kind::Gate(Gate::UserReturn);

/// A broken rule and all that is known about it.
pub(crate) struct Report {
    pub(super) kind: Kind,
    pub(super) cpu: usize,
    /// The lock that is held, and by whom if not by this CPU.
    pub(super) outer: Option<Held>,
    outer_cpu: usize,
    /// The lock that is wanted, released or relied on.
    pub(super) inner: Option<Lock>,
    /// Where that happened.
    pub(super) site: Option<Site>,
}

impl Report {
    pub(crate) fn new<M: Machine>(kind: Kind) -> Self {
        let cpu = M::cpu();
        Self { kind, cpu, outer: None, outer_cpu: cpu, inner: None, site: None }
    }

    pub(crate) fn outer(self, held: Held) -> Self {
        Self { outer: Some(held), ..self }
    }

    pub(crate) fn outer_cpu(self, cpu: usize) -> Self {
        Self { outer_cpu: cpu, ..self }
    }

    pub(crate) fn inner(self, lock: Lock) -> Self {
        Self { inner: Some(lock), ..self }
    }

    pub(crate) fn site(self, site: Site) -> Self {
        self.maybe_site(Some(site))
    }

    pub(crate) fn maybe_site(self, site: Option<Site>) -> Self {
        Self { site, ..self }
    }

    /// Prints the report, if it is the first of its kind and places. What ends the kernel is always
    /// printed: the panic after it would cut short the same report of another CPU.
    pub(crate) fn print<M: Machine>(self) {
        let cpu = this_cpu::<M>();
        if !cpu.start_report() {
            return;
        }
        let (lock, taken) = (self.outer.map(|held| held.lock), self.outer.map(|held| held.site));
        let (locks, sites) = ([lock, self.inner], [taken, self.site]);
        if M::checker().seen.insert(self.kind, locks, sites) || self.kind.ends_the_kernel() {
            M::checker().reports.fetch_add(1, Relaxed);
            take_turn::<M>();
            let left_held = &M::checker().left_held;
            let (lock, taken) = ([lock, None], [taken, None]);
            if left_held.contains(LEFT_HELD, lock, taken) {
                M::report(format_args!("{}", Follower::<M>(&self, PhantomData)));
            } else {
                M::report(format_args!("{}", Text::<M>(&self, PhantomData)));
            }
            if let Kind::Gate(_) = self.kind {
                left_held.insert(LEFT_HELD, lock, taken);
            }
            M::checker().turn.end();
        }
        cpu.end_report();
    }
}

/// Keeps the reports of two CPUs apart. Not a lock: whoever waits too long goes on without.
fn take_turn<M: Machine>() {
    let turn = &M::checker().turn;
    let since = M::millis();
    while !turn.take() {
        spin_loop();
        if M::millis().wrapping_sub(since) > TURN_MS {
            return;
        }
    }
}

/// The text of a report about a lock that was held at a gate before: whoever left it held is to blame for this, too.
struct Follower<'a, M>(&'a Report, PhantomData<fn() -> M>);

impl<M: Machine> fmt::Display for Follower<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.0;
        writeln!(f, "lock report: {}", report.kind.words().rule)?;
        report.write_locks(f)?;
        writeln!(
            f,
            "  cause:  most likely the same as above: a lock taken at the place where the held one was is never released"
        )?;
        write_backtrace::<M>(f)?;
        report.write_machine_line(f)
    }
}

/// The text of a report.
struct Text<'a, M>(&'a Report, PhantomData<fn() -> M>);

impl<M: Machine> fmt::Display for Text<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.0;
        let words = report.kind.words();
        writeln!(f, "lock report: {}", words.rule)?;
        report.write_locks(f)?;
        scenario::write_declared(f, report)?;
        writeln!(f, "  danger: {}", words.danger)?;
        scenario::write::<M>(f, report)?;
        if report.kind.is_stuck() {
            writeln!(f, "  who waits for whom, each with its stack:")?;
            picture::write_chain::<M>(f, report.cpu)?;
        }
        writeln!(f, "  all CPUs now:")?;
        write!(f, "{}", AllHeld(M::checker()))?;
        write_backtrace::<M>(f)?;
        writeln!(f, "  fix: {}", words.fix[0])?;
        writeln!(f, "       {}", words.fix[1])?;
        report.write_machine_line(f)
    }
}

impl Report {
    fn write_locks(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.inner {
            Some(Lock { address, .. }) if self.kind == Kind::Uninitialised => {
                writeln!(f, "  lock:   at address {address:#x}, wanted at {}", Place(self.site))?;
            }
            Some(lock) if self.site.is_none() => writeln!(f, "  lock:   {lock}, released (see the back-trace)")?,
            Some(lock) => writeln!(f, "  lock:   {lock}, at {}", Place(self.site))?,
            None => writeln!(f, "  place:  {}", Place(self.site))?,
        }
        if let Some(Held { lock, site }) = self.outer {
            let site = Place(Some(site));
            let what = if self.kind == Kind::PinLost { "pinned: " } else { "held:   " };
            let how = if self.kind == Kind::PinLost { "" } else { "taken " };
            writeln!(f, "  {what}{lock}, {how}at {site} by CPU {}", self.outer_cpu)?;
        }
        Ok(())
    }

    /// The one line that is for programs: the names in it stay the same.
    fn write_machine_line(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outer = Token(self.outer.map(|held| held.lock));
        let inner = Token(self.inner);
        let outer_site = Place(self.outer.map(|held| held.site));
        let inner_site = Place(self.site);
        write!(f, "LOCKREPORT kind={} outer={outer} inner={inner} ", self.kind.words().name)?;
        writeln!(f, "outer_site={outer_site} inner_site={inner_site} cpu={}", self.cpu)
    }
}

fn write_backtrace<M: Machine>(f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut addresses = [0; BACKTRACE];
    let n = M::backtrace(&mut addresses).min(BACKTRACE);
    writeln!(f, "  back-trace, innermost first:")?;
    stack::write::<M>(f, "    ", addresses[..n].iter().copied())
}

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} #{}", self.rank.name(), self.key)
    }
}

/// A lock in one word, or `-`.
struct Token(Option<Lock>);

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(Lock { rank, key, .. }) = self.0 else {
            return f.write_str("-");
        };
        write_word(f, rank)?;
        write!(f, "#{key}")
    }
}

fn write_word(f: &mut fmt::Formatter<'_>, rank: Rank) -> fmt::Result {
    for (i, part) in rank.name().split(' ').enumerate() {
        f.write_str(if i == 0 { "" } else { "-" })?;
        f.write_str(part)?;
    }
    Ok(())
}

/// `file:line`, or `-`. The column would help nobody.
pub(crate) struct Place(pub(crate) Option<Site>);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(site) => write!(f, "{}:{}", site.file(), site.line()),
            None => f.write_str("-"),
        }
    }
}
