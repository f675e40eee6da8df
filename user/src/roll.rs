//! The roll of a family of environments: who is there, and who may be destroyed now.
//!
//! A page shared by all has a word for every env slot: the id of the member in it, and two bits of the
//! id that are always 0. `BUSY`: it is in the middle of something that would be left half done for ever,
//! such as a fork. `DOOMED`: its parent is about to destroy it. Each bit is set only where neither
//! is, by compare-and-swap, so a member is never destroyed while it is busy. A second page has counters.

use core::sync::atomic::{AtomicU32, Ordering};

use ulib::{EnvId, Page, PteFlags, WRITE, sys_env_destroy, sys_getenvid, sys_yield};

const BUSY: u32 = 1 << 10;
const DOOMED: u32 = 1 << 11;

/// The roll, in the same place in every member.
#[derive(Clone, Copy, Debug)]
pub struct Roll {
    members: Page,
    counters: Page,
}

impl Roll {
    /// An empty roll that all children to come will share.
    pub fn shared() -> Roll {
        let members = Page::at(0x1000_0000);
        let roll = Roll { members, counters: members.plus(1) };
        roll.members.alloc(WRITE | PteFlags::SHARE).unwrap();
        roll.counters.alloc(WRITE | PteFlags::SHARE).unwrap();
        roll
    }

    /// Enters the caller, not busy. Whoever made it has counted it already.
    pub fn enter(self) -> EnvId {
        let me = sys_getenvid();
        self.word(me).store(me.0, Ordering::Release);
        me
    }

    /// Runs `work` while nobody may destroy the caller. If somebody is about to, waits for that instead.
    ///
    /// `work` may fork: the child returns from here too and has to [`Roll::enter`] itself.
    pub fn busy<R>(self, work: impl FnOnce() -> R) -> R {
        let me = sys_getenvid();
        self.begin(me);
        let result = work();
        // Not in the child of a fork: it would say this of its parent, who is busy still.
        if sys_getenvid() == me {
            self.word(me).store(me.0, Ordering::Release);
        }
        result
    }

    /// Destroys the child `id`, if that is possible just now. Says whether it did.
    pub fn destroy(self, id: EnvId) -> bool {
        self.busy(|| {
            if !self.swap(id, id.0, id.0 | DOOMED) {
                return false;
            }
            // Doomed, it cannot end by itself; so it is there, and a child.
            sys_env_destroy(id).expect("destroying a child");
            self.count_out();
            true
        })
    }

    /// Strikes the caller from the roll. It stays busy, so nobody destroys it before it exits.
    pub fn leave(self) {
        self.begin(sys_getenvid());
        self.count_out();
    }

    /// Counts a member that is about to be made.
    pub fn count_in(self) {
        self.counter(0).fetch_add(1, Ordering::AcqRel);
    }

    /// Takes back a [`Roll::count_in`].
    pub fn count_out(self) {
        self.counter(0).fetch_sub(1, Ordering::AcqRel);
    }

    /// How many members there are, those about to be made included.
    pub fn members(self) -> u32 {
        self.counter(0).load(Ordering::Acquire)
    }

    /// A counter (1..1024) for the program's own purposes.
    pub fn counter(self, i: usize) -> &'static AtomicU32 {
        self.counters.atomic(i)
    }

    fn begin(self, me: EnvId) {
        if !self.swap(me, me.0, me.0 | BUSY) {
            // Doomed.
            loop {
                sys_yield();
            }
        }
    }

    fn swap(self, id: EnvId, old: u32, new: u32) -> bool {
        let (ok, err) = (Ordering::AcqRel, Ordering::Acquire);
        self.word(id).compare_exchange(old, new, ok, err).is_ok()
    }

    fn word(self, id: EnvId) -> &'static AtomicU32 {
        self.members.atomic(id.slot())
    }
}
