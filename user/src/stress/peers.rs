//! What a member does with its parent and children.
//!
//! Everything here can meet an env that is being destroyed meanwhile, so `E_BAD_ENV` is a fair answer.

use core::sync::atomic::{AtomicU32, Ordering};

use ulib::{EnvId, Error, READ, SELF, exit, fork, ipc_recv, ipc_try_send, sfork, sys_page_unmap, sys_yield, wait};

use super::{CHILDREN, DEPTH, Member, PAGES, inbox, mailbox, page};
use crate::canary;
use crate::rng::Rng;

/// Counted by guests, see [`Member::guest`].
static VISITS: AtomicU32 = AtomicU32::new(0);

impl Member {
    /// Forks, if there is room. The child goes on from here as a member of its own.
    pub(super) fn child(&mut self) {
        let seed = self.rng.word();
        let room = self.children.iter().position(|child| child.is_none_or(|id| !ulib::alive(id)));
        let Some(room) = room.filter(|_| self.depth < DEPTH) else {
            return;
        };
        match self.fork_with(fork) {
            Some(SELF) => {
                self.me = self.roll.enter();
                self.rng = Rng::new(seed);
                self.depth += 1;
                self.children = [None; CHILDREN as usize];
                self.check_all();
            }
            child => self.children[room] = child,
        }
    }

    /// A short visit by a child that shares all memory but the stack.
    pub(super) fn guest(&mut self) {
        // A parent may change its mappings here at any time, but not into copy-on-write ones: those would
        // be left by an earlier fork, and copying a page that vanishes meanwhile is fatal.
        for i in 0..PAGES as usize {
            self.expect("unmapping the inbox", inbox(i).unmap(), &[]);
        }
        let before = VISITS.load(Ordering::Relaxed);
        let mut local = [self.me.0; 4];
        match self.fork_with(sfork) {
            None => return,
            Some(SELF) => {
                VISITS.fetch_add(1, Ordering::Relaxed);
                local.fill(0);
                sys_yield();
                self.assert(local == [0; 4], "a guest's stack is not its own");
                self.roll.count_out();
                exit();
            }
            Some(guest) => wait(guest),
        }
        self.assert(local == [self.me.0; 4], "a guest wrote to the stack");
        let visits = VISITS.load(Ordering::Relaxed);
        self.assert(visits == before + 1, "a guest wrote elsewhere");
    }

    /// Forks where nobody can destroy the caller half-way. `None` if the kernel had no room.
    fn fork_with(&mut self, fork: fn() -> Result<EnvId, Error>) -> Option<EnvId> {
        let roll = self.roll;
        let forked = roll.busy(|| {
            roll.count_in();
            fork().inspect_err(|_| roll.count_out())
        });
        // A parent that changes the inbox meanwhile may make the copying of it fail.
        let allowed = [Error::NoFreeEnv, Error::NoMem, Error::Inval];
        self.expect("forking", forked.map(|_| ()), &allowed);
        forked.ok()
    }

    pub(super) fn map_into_child(&mut self, i: usize) {
        if let (Some(child), Some(_)) = (self.some_child(), self.slots[i]) {
            let allowed = [Error::BadEnv, Error::NoMem];
            self.expect("mapping", page(i).map(child, inbox(i), READ), &allowed);
        }
    }

    pub(super) fn unmap_in_child(&mut self, i: usize) {
        if let Some(child) = self.some_child() {
            let unmapped = sys_page_unmap(child, inbox(i).va());
            self.expect("unmapping in a child", unmapped, &[Error::BadEnv]);
        }
    }

    /// Sends, a few times at most, a page that nobody will write to, or none.
    pub(super) fn send_to_child(&mut self, i: usize) {
        let Some(child) = self.some_child() else {
            return;
        };
        let slot = self.slots[i].filter(|slot| !slot.writable);
        for _ in 0..3 {
            let tag = slot.map_or(0, |slot| slot.tag);
            let sent = ipc_try_send(child, tag, slot.map(|_| (page(i), READ)));
            let allowed = [Error::IpcNotRecv, Error::BadEnv, Error::NoMem];
            self.expect("sending", sent, &allowed);
            if sent != Err(Error::IpcNotRecv) {
                break;
            }
            sys_yield();
        }
    }

    /// Receives until a child, made for it, has delivered; others may come in between.
    pub(super) fn exchange(&mut self) {
        let me = self.me;
        let Some(child) = self.fork_with(fork) else {
            return;
        };
        if child == SELF {
            self.deliver(me);
        }
        loop {
            let message = match ipc_recv(Some(mailbox())) {
                Ok(message) => message,
                Err(error) => return self.expect("receiving", Err(error), &[]),
            };
            if !message.perm.is_empty() {
                let whole = canary::holds(mailbox(), message.value);
                self.assert(whole, "a page was sent and another arrived");
            }
            if message.from == child {
                break;
            }
        }
        self.expect("unmapping the mailbox", mailbox().unmap(), &[]);
    }

    /// The child's part of [`Member::exchange`]: it ends when the message is delivered or `to` is gone.
    fn deliver(&mut self, to: EnvId) -> ! {
        let i = self.slots.iter().position(Option::is_some);
        let tag = i.and_then(|i| self.slots[i]).map_or(0, |slot| slot.tag);
        loop {
            match ipc_try_send(to, tag, i.map(|i| (page(i), READ))) {
                Err(Error::IpcNotRecv | Error::NoMem) => sys_yield(),
                sent => {
                    self.expect("delivering", sent, &[Error::BadEnv]);
                    self.roll.count_out();
                    exit();
                }
            }
        }
    }

    pub(super) fn destroy_child(&mut self) {
        let i = self.rng.below(CHILDREN) as usize;
        if let Some(child) = self.children[i]
            && self.roll.destroy(child)
        {
            self.children[i] = None;
        }
    }

    fn some_child(&mut self) -> Option<EnvId> {
        self.children[self.rng.below(CHILDREN) as usize]
    }
}
