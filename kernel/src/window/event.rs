//! What a rule waits at, or for: a CPU that passes a point. In words: `POINT[@SLOT|#CPU|@none][+SKIP]`.

use core::fmt;

use sync::{Rank, Step};

use crate::point::Point;

/// What can be passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Point(Point),
    Lock(Step, Rank),
}

/// By whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    Any,
    /// The CPU that the env in this slot is on, or that is at work on it.
    Slot(u16),
    Cpu(u16),
    /// A CPU that has no env.
    Idle,
}

/// A place, passed by somebody, for the first time after so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) place: Place,
    pub(super) who: Who,
    pub(super) skip: u32,
}

const STEPS: [(&str, Step); 6] = [
    ("want-", Step::Want),
    ("wait-", Step::Wait),
    ("spin-", Step::Spin),
    ("got-", Step::Got),
    ("free-", Step::Free),
    ("freed-", Step::Freed),
];

impl Event {
    /// Reads one; `None` if the text is none.
    pub(super) fn parse(text: &str) -> Option<Event> {
        let (text, skip) = match text.split_once('+') {
            Some((text, skip)) => (text, skip.parse().ok()?),
            None => (text, 0),
        };
        let (name, who) = if let Some((name, slot)) = text.split_once('@') {
            (name, if slot == "none" { Who::Idle } else { Who::Slot(slot.parse().ok()?) })
        } else if let Some((name, cpu)) = text.split_once('#') {
            (name, Who::Cpu(cpu.parse().ok()?))
        } else {
            (text, Who::Any)
        };
        Some(Event { place: Place::parse(name)?, who, skip })
    }

    /// Whether this is it: `place` was passed by `cpu`, for the env in `slot` if there is one.
    pub(super) fn fits(&self, place: Place, cpu: usize, slot: Option<usize>) -> bool {
        let fits = match self.who {
            Who::Any => true,
            Who::Slot(wanted) => slot == Some(usize::from(wanted)),
            Who::Cpu(wanted) => cpu == usize::from(wanted),
            Who::Idle => slot.is_none(),
        };
        fits && self.place == place
    }
}

impl Place {
    fn parse(name: &str) -> Option<Place> {
        if let Some(point) = Point::ALL.into_iter().find(|point| point.name() == name) {
            return Some(Place::Point(point));
        }
        STEPS.into_iter().find_map(|(start, step)| {
            let class = name.strip_prefix(start)?;
            let rank = Rank::ALL.into_iter().find(|rank| dashed(*rank).eq(class.chars()))?;
            Some(Place::Lock(step, rank))
        })
    }

    /// A number that no other place has, for the seeded delays.
    pub(super) fn number(self) -> u32 {
        match self {
            Place::Point(point) => point as u32,
            Place::Lock(step, rank) => 0x100 + step as u32 * 0x20 + rank as u32,
        }
    }
}

/// The name of a class without blanks, which separate words.
fn dashed(rank: Rank) -> impl Iterator<Item = char> {
    rank.name().chars().map(|c| if c == ' ' { '-' } else { c })
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Place::Point(point) => f.write_str(point.name())?,
            Place::Lock(step, rank) => {
                let start = STEPS.into_iter().find(|(_, known)| *known == step).map_or("", |(start, _)| start);
                f.write_str(start)?;
                for c in dashed(rank) {
                    write!(f, "{c}")?;
                }
            }
        }
        match self.who {
            Who::Any => {}
            Who::Slot(slot) => write!(f, "@{slot}")?,
            Who::Cpu(cpu) => write!(f, "#{cpu}")?,
            Who::Idle => write!(f, "@none")?,
        }
        if self.skip > 0 {
            write!(f, "+{}", self.skip)?;
        }
        Ok(())
    }
}
