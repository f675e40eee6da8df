//! A member of a stress family: what it does to itself, and when it does what.
//!
//! `peers` has what it does with its parent and children. Program `stress` starts the families.

use core::fmt::Arguments;
use core::sync::atomic::Ordering;

use ulib::{EnvId, Error, Page, READ, SELF, WRITE, cprintf, exit, mark, sys_yield, wait};

use crate::canary;
use crate::rng::Rng;
use crate::roll::Roll;

mod peers;

/// The roll's counter of actions done.
pub const OPS: usize = 1;
/// The roll's counter of failures.
pub const FAILED: usize = 2;

/// How many pages an env keeps, children it may have, and generations a family has.
const PAGES: u32 = 6;
const CHILDREN: u32 = 2;
const DEPTH: u32 = 3;

/// What a page of a member is to hold.
#[derive(Clone, Copy, Debug)]
struct Slot {
    tag: u32,
    writable: bool,
}

/// An env, as it knows itself.
#[derive(Debug)]
pub struct Member {
    roll: Roll,
    seed: u32,
    rng: Rng,
    me: EnvId,
    depth: u32,
    slots: [Option<Slot>; PAGES as usize],
    children: [Option<EnvId>; CHILDREN as usize],
}

impl Member {
    /// The first of a family. Enters the roll.
    pub fn new(roll: Roll, seed: u32, family: u32) -> Member {
        Member {
            roll,
            seed,
            rng: Rng::new(seed.wrapping_mul(1000).wrapping_add(family)),
            me: roll.enter(),
            depth: 0,
            slots: [None; PAGES as usize],
            children: [None; CHILDREN as usize],
        }
    }

    /// Acts that often, waits for the children that are left, and exits.
    pub fn live(&mut self, units: u32) -> ! {
        let mut left = units;
        mark::window_begin();
        while left > 0 && self.roll.counter(FAILED).load(Ordering::Relaxed) == 0 {
            left -= 1;
            self.roll.counter(OPS).fetch_add(1, Ordering::Relaxed);
            let depth = self.depth;
            self.act();
            mark::op();
            if self.depth > depth {
                left /= 2;
            }
        }
        self.check_all();
        self.children.into_iter().flatten().for_each(wait);
        self.roll.leave();
        exit();
    }

    fn act(&mut self) {
        let i = self.rng.below(PAGES) as usize;
        match self.rng.below(20) {
            0..2 => self.child(),
            2 => self.guest(),
            3..6 => self.alloc(i),
            6 => self.unmap(i),
            7 => self.write_protect(i),
            8..11 => self.rewrite(i),
            11 => self.check_all(),
            12..14 => self.map_into_child(i),
            14 => self.unmap_in_child(i),
            15..17 => self.send_to_child(i),
            17 => self.exchange(),
            18 => self.destroy_child(),
            _ => sys_yield(),
        }
    }

    fn alloc(&mut self, i: usize) {
        let allocated = page(i).alloc(WRITE);
        self.expect("allocating", allocated, &[Error::NoMem]);
        if allocated.is_ok() {
            self.assert(page(i).read(i) == 0, "a fresh page is not zero");
            self.fill(i);
        }
    }

    fn unmap(&mut self, i: usize) {
        self.check(i);
        self.expect("unmapping", page(i).unmap(), &[]);
        self.slots[i] = None;
    }

    /// Makes a page read-only; the way back must be refused.
    fn write_protect(&mut self, i: usize) {
        let Some(slot) = &mut self.slots[i] else {
            return;
        };
        slot.writable = false;
        self.expect("write-protecting", page(i).map(SELF, page(i), READ), &[]);
        let back = page(i).map(SELF, page(i), WRITE);
        self.assert(back == Err(Error::Inval), "write permission came back");
        self.check(i);
    }

    /// Writes to a page that may have become copy-on-write.
    fn rewrite(&mut self, i: usize) {
        self.check(i);
        if self.slots[i].is_some_and(|slot| slot.writable) {
            self.fill(i);
        }
    }

    fn fill(&mut self, i: usize) {
        let tag = self.rng.word();
        canary::fill(page(i), tag);
        let writable = true;
        self.slots[i] = Some(Slot { tag, writable });
        self.check(i);
    }

    fn check_all(&self) {
        (0..PAGES as usize).for_each(|i| self.check(i));
    }

    fn check(&self, i: usize) {
        if let Some(slot) = self.slots[i] {
            self.assert(canary::holds(page(i), slot.tag), "a page changed");
        }
    }

    /// Fails unless `result` is `Ok` or one of these errors.
    fn expect(&self, what: &str, result: Result<(), Error>, allowed: &[Error]) {
        if let Err(error) = result
            && !allowed.contains(&error)
        {
            self.fail(format_args!("{what}: {error}"));
        }
    }

    fn assert(&self, holds: bool, otherwise: &str) {
        if !holds {
            self.fail(format_args!("{otherwise}"));
        }
    }

    /// Says so, once for all; then everybody stops.
    fn fail(&self, why: Arguments<'_>) {
        if self.roll.counter(FAILED).swap(1, Ordering::Relaxed) == 0 {
            cprintf!("STRESS seed={} FAILED: [{}] {why}\n", self.seed, self.me);
        }
    }
}

/// Where page `i` is, where a parent may map its page `i`, and where pages arrive.
fn page(i: usize) -> Page {
    Page::at(0x2000_0000).plus(i as u32)
}

fn inbox(i: usize) -> Page {
    Page::at(0x3000_0000).plus(i as u32)
}

fn mailbox() -> Page {
    Page::at(0x4000_0000)
}
