//! What the plugin noted: events with their CPU and time, as lines.

use anyhow::{Context, Result, bail};
use sync::event::Event;

/// An event with its place and time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Noted {
    pub(super) cpu: usize,
    pub(super) ticks: u64,
    pub(super) event: Event,
}

/// Reads what the plugin wrote: a line `window BEGIN END`, then lines `CPU TICKS NUMBER`, a CPU's in order of time.
pub(super) fn read(text: &str) -> Result<(u64, u64, Vec<Noted>)> {
    let mut lines = text.lines();
    let head = lines.next().unwrap_or_default();
    let Some(limits) = head.strip_prefix("window ").and_then(|limits| limits.split_once(' ')) else {
        bail!("the trace begins with {head:?}, not with its window");
    };
    let number = |word: &str| word.parse::<u64>().with_context(|| format!("{word:?} in the trace is no number"));
    let mut events = Vec::new();
    for line in lines {
        let words: Vec<_> = line.split(' ').collect();
        let [cpu, ticks, code] = words[..] else { bail!("a line of the trace is {line:?}") };
        let code = usize::try_from(number(code)?)?;
        let event = Event::of(code).with_context(|| format!("the kernel has no event {code}"))?;
        events.push(Noted { cpu: usize::try_from(number(cpu)?)?, ticks: number(ticks)?, event });
    }
    Ok((number(limits.0)?, number(limits.1)?, events))
}

#[cfg(test)]
mod tests {
    use super::super::timeline::tests::VM;
    use super::*;

    #[test]
    fn a_line_is_an_event() {
        let text = format!("window 10 20\n1 12 {}\n", Event::Has(VM).number());
        let (begin, end, events) = read(&text).expect("a trace");
        assert_eq!((begin, end), (10, 20));
        assert_eq!(events, [Noted { cpu: 1, ticks: 12, event: Event::Has(VM) }]);
        for bad in ["", "window 1\n", "window 1 2\n1 2\n", "window 1 2\n1 2 99999\n"] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }
}
