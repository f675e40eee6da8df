//! Which CPU an env is on, and how to make that CPU look up.
//!
//! An env is on at most one CPU, and only that CPU writes the fact. Whoever changes an env's address space,
//! freezes it or destroys it while it runs elsewhere asks that CPU for attention:
//!
//! ```text
//! asker                                   the env's CPU
//!   change (PTE, status)                    user_slot = slot         (sequentially consistent)
//!   attention |= what   (seq. consistent)   if attention == 0: enter user mode
//!   c = on_cpu; if user_slot[c] == slot:    ...
//!     interrupt c, wait until               user_slot = 0            first thing after any trap
//!       user_slot[c] != slot
//!       or `what` is no longer set
//! ```
//!
//! The CPU stores, then loads; the asker stores, then loads. Under sequential consistency one of them sees the
//! other's store, so either the CPU does not enter user mode before it has answered, or the asker sees it there
//! and interrupts it. x86 keeps that order only across a locked instruction or a fence (Intel SDM vol. 3
//! §8.2.3.4), and under QEMU's TCG `iret` is none, hence the swap.
//!
//! Two words, since they say two things: `on_cpu` whose an env is, for as long as it is; `user_slot` whether that CPU is out
//! in user mode this very moment, where alone a stale translation can be used.
//!
//! The asker may hold locks while it waits: it waits only for a CPU that is in user mode, where interrupts are
//! on and nothing is spun for, and entering the kernel is the answer. That CPU drops its stale translations
//! before it returns to user mode, and the kernel itself never uses a user translation.

use abi::NENV;
use crossbeam_utils::CachePadded;
use sync::event::{Event, Lock};
use sync::{Rank, order, trace};

use crate::atomic::{AtomicU32, Ordering};
use crate::cpu::{self, PerCpu, This};
use crate::env::Life;
use crate::point::Point;
use crate::{smp, window, x86};

/// The env's address space lost or changed a mapping.
pub const FLUSH: u32 = 1;
/// The env may have to stop: it was destroyed or frozen.
pub const STOP: u32 = 2;

struct Presence {
    /// CPU index + 1 of the CPU the env is on, or 0. Written by that CPU alone, under the env's life lock.
    on_cpu: AtomicU32,
    /// What that CPU has to look at before it returns to user mode: [`FLUSH`], [`STOP`].
    attention: AtomicU32,
}

static PRESENCE: [CachePadded<Presence>; NENV] =
    [const { CachePadded::new(Presence { on_cpu: AtomicU32::new(0), attention: AtomicU32::new(0) }) }; NENV];

/// The CPU that the env in `slot` is on.
///
/// A stable answer needs the env's life lock, or that the answer is this CPU.
pub fn on_cpu(slot: usize) -> Option<usize> {
    (PRESENCE[slot].on_cpu.load(Ordering::Relaxed) as usize).checked_sub(1)
}

/// Whether the env's CPU still has to do `what`. For audits, with that CPU stopped.
pub fn is_due(slot: usize, what: u32) -> bool {
    PRESENCE[slot].attention.load(Ordering::Relaxed) & what != 0
}

/// Whether the env in `slot` is on this CPU, so that its address space is the loaded one.
pub fn is_here(slot: usize) -> bool {
    on_cpu(slot) == Some(cpu::index())
}

/// Puts the env whose life is locked on this CPU. Needs that the env is on no CPU.
///
/// Old requests are void: the address space is about to be loaded afresh, and the status was just read.
pub fn arrive(life: &Life) {
    let slot = life.id.slot();
    let presence = &PRESENCE[slot];
    assert_eq!(presence.on_cpu.load(Ordering::Relaxed), 0, "slot {slot} is on a CPU already");
    presence.on_cpu.store(cpu::index() as u32 + 1, Ordering::Relaxed);
    presence.attention.store(0, Ordering::SeqCst);
}

/// Takes the env whose life is locked off this CPU. Needs that this CPU has left its address space.
pub fn leave(life: &Life) {
    PRESENCE[life.id.slot()].on_cpu.store(0, Ordering::Relaxed);
}

/// Announces that this CPU, whose block is `here`, is about to enter user mode in `slot`'s address space.
///
/// Nothing may be held, which is checked here: this is the gate to user mode. Its caller is the place that a report names.
/// Gives back what somebody asked for meanwhile: then it must be done first, and this called again.
#[inline]
#[track_caller]
pub fn entering_user(here: &PerCpu, slot: usize) -> Result<(), u32> {
    order::entering_user::<This>();
    announce(here, slot)
}

/// As [`entering_user`]. A sweep of the orderings goes by the lines here, so this has no caller's place.
#[inline]
fn announce(here: &PerCpu, slot: usize) -> Result<(), u32> {
    here.user_slot.swap(slot as u32 + 1, Ordering::SeqCst);
    window::at_for(Point::Announced, slot);
    if PRESENCE[slot].attention.load(Ordering::Relaxed) == 0 {
        return Ok(());
    }
    here.user_slot.store(0, Ordering::Relaxed);
    order::left_user::<This>();
    Err(PRESENCE[slot].attention.swap(0, Ordering::SeqCst))
}

/// Announces that this CPU, whose block is `here`, is back in the kernel. The first thing to do after a trap.
pub fn left_user(here: &PerCpu) {
    here.user_slot.store(0, Ordering::Release);
    order::left_user::<This>();
}

/// Asks for `what` and makes sure that no user instruction of the env runs until it is done.
///
/// For an env on another CPU, or on none. Waits only while that CPU is in user mode.
pub fn demand(slot: usize, what: u32) {
    order::might_await::<This>();
    let Some(target) = request(slot, what) else { return };
    let (block, presence) = (cpu::get(target), &PRESENCE[slot]);
    let answer = Lock::new(Rank::CpuAnswer, target as u16);
    trace::note(Event::Wants(answer));
    order::await_cpu::<This>(target, || {
        block.user_slot.load(Ordering::Acquire) == slot as u32 + 1
            && presence.attention.load(Ordering::Acquire) & what != 0
    });
    trace::note(Event::Has(answer));
    window::at(Point::Answered);
}

/// Asks for `what`, and interrupts the env's CPU if it is in user mode; gives back that CPU. Does not wait.
pub fn request(slot: usize, what: u32) -> Option<usize> {
    PRESENCE[slot].attention.fetch_or(what, Ordering::SeqCst);
    window::at(Point::Asked);
    let target = on_cpu(slot)?;
    if cpu::get(target).user_slot.load(Ordering::SeqCst) != slot as u32 + 1 {
        return None;
    }
    x86::lapic::send_ipi(smp::apic_id(target), x86::lapic::KICK);
    window::at(Point::Kicked);
    Some(target)
}
