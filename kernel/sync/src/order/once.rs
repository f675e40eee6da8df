//! Which reports have been made: each pair of places in the source is worth one.
//!
//! A fixed table of hashes, filled with compare-and-swap: no lock, nothing to run out of but room.

use super::kind::Kind;
use super::{Lock, Site};
use crate::atomic::AtomicU32;
use core::sync::atomic::Ordering::Relaxed;

/// A kernel with more different mistakes than this has no need of the next report.
const ROOM: usize = 256;

/// The reports already made, as hashes; 0 is an empty place.
pub(crate) struct Set([AtomicU32; ROOM]);

impl Set {
    pub(crate) const fn new() -> Self {
        Self([const { AtomicU32::new(0) }; ROOM])
    }

    pub(crate) fn reset(&self) {
        self.0.iter().for_each(|place| place.store(0, Relaxed));
    }

    /// Whether this is the first report of its kind, classes and sites. `false` once there is no room.
    pub(crate) fn insert(&self, kind: Kind, locks: [Option<Lock>; 2], sites: [Option<Site>; 2]) -> bool {
        let hash = hash(kind, locks, sites);
        for place in self.places(hash) {
            match place.compare_exchange(0, hash, Relaxed, Relaxed) {
                Ok(_) => return true,
                Err(found) if found == hash => return false,
                Err(_) => {}
            }
        }
        false
    }

    /// Whether there has been a report of this kind and these classes and sites.
    pub(crate) fn contains(&self, kind: Kind, locks: [Option<Lock>; 2], sites: [Option<Site>; 2]) -> bool {
        let hash = hash(kind, locks, sites);
        self.places(hash).map(|place| place.load(Relaxed)).take_while(|&found| found != 0).any(|found| found == hash)
    }

    /// The places in the order in which one is looked for.
    fn places(&self, hash: u32) -> impl Iterator<Item = &AtomicU32> {
        let start = hash as usize % ROOM;
        (0..ROOM).map(move |i| &self.0[(start + i) % ROOM])
    }
}

/// FNV-1a over everything that makes a report different from others. The text of a site counts, not
/// its address: the compiler may make several copies of it.
fn hash(kind: Kind, locks: [Option<Lock>; 2], sites: [Option<Site>; 2]) -> u32 {
    let mut hash = 0x811c_9dc5;
    let mut add = |byte: u8| hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    kind.words().name.bytes().for_each(&mut add);
    for lock in locks {
        add(lock.map_or(u8::MAX, |lock| lock.rank as u8));
    }
    for site in sites.into_iter().flatten() {
        site.file().bytes().for_each(&mut add);
        site.line().to_le_bytes().into_iter().for_each(&mut add);
        site.column().to_le_bytes().into_iter().for_each(&mut add);
    }
    hash.max(1)
}
