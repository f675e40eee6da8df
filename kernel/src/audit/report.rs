//! What an audit found: each fault in words, and in a line for machines.

use core::fmt::Arguments;

use crate::println;

/// How many faults are shown. One mistake can show in every frame there is.
const SHOWN: u32 = 20;

/// The faults of one audit.
#[derive(Debug, Default)]
pub(super) struct Report {
    faults: u32,
}

impl Report {
    pub(super) const fn new() -> Report {
        Report { faults: 0 }
    }

    /// Reports a fault: what kind it is and its particulars for machines, and what is wrong in words.
    pub(super) fn fault(&mut self, kind: &str, particulars: Arguments<'_>, words: Arguments<'_>) {
        self.faults += 1;
        if self.faults <= SHOWN {
            println!("audit: {words}\nAUDITFAULT kind={kind} {particulars}");
        } else if self.faults == SHOWN + 1 {
            println!("audit: and more");
        }
    }

    /// How many there are.
    pub(super) fn faults(&self) -> u32 {
        self.faults
    }
}
