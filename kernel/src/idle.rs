//! What a CPU does when there is nothing to do, and how the kernel notices that there never will be.
//!
//! An idle CPU loads the kernel's address space, says so in a mask, looks for work once more, and halts until an
//! interrupt. Whoever queues an env wakes an idle CPU, if there is one: a wake-up never waits for a tick, and an
//! idle CPU takes none.
//!
//! Nothing can ever run again when every CPU is idle and every queue is empty *at one moment*. The last CPU to become
//! idle sees that, by looking twice and finding that nobody left the idle state in between.

use abi::NENV;
use crossbeam_utils::CachePadded;
use sync::event::Event;
use sync::order::{self, Gate};
use sync::{Turn, big, trace};

use crate::atomic::{AtomicU32, Ordering};
use crate::config::NCPU;
use crate::cpu::{self, This};
use crate::env::OnCpu;
use crate::point::Point;
use crate::trap::irq;
use crate::{audit, finish, sched, smp, watchdog, window, x86};

/// Bit c of word w: CPU 32w + c is idle, and nobody has undertaken to wake it yet.
static IDLE: CachePadded<[AtomicU32; NCPU.div_ceil(32)]> =
    CachePadded::new([const { AtomicU32::new(0) }; NCPU.div_ceil(32)]);

/// Whose turn it is, having found that nothing can ever run again, to act upon it.
static FINISHED: Turn = Turn::new();

/// JOS starts its round at slot 0 when no env has run: the slot behind the last.
const LAST_SLOT: usize = NENV - 1;

/// Waits until there is an env for this CPU. Nothing is held, and the kernel's address space is loaded.
pub fn wait(big: &mut big::Guard<This>) -> OnCpu {
    let here = cpu::this();
    loop {
        // Not idle while looking: an env that is neither queued nor running yet would be overlooked below.
        // Whoever sees the count sees this.
        here.idle.store(false, Ordering::Relaxed);
        here.wakes.fetch_add(1, Ordering::SeqCst);
        if let Some(env) = sched::pick(LAST_SLOT).or_else(sched::steal) {
            return env;
        }
        here.idle.store(true, Ordering::SeqCst);
        announce(cpu::index());
        window::at(Point::SaidIdle);
        if !sched::any_ready() {
            if all_is_quiet() && !watchdog::is_blind() && FINISHED.take() {
                // Another CPU may have said so first, and found something to run meanwhile.
                if all_is_quiet() {
                    finish::nothing_runnable();
                }
                FINISHED.end();
            } else {
                if sched::has_patient() {
                    irq::keep_ticking();
                }
                window::at(Point::Halting);
                // Here, since the big lock's gate comes next, which would name another mistake.
                order::gate::<This>(Gate::Halt);
                big.unlocked(|| {
                    trace::note(Event::Idle);
                    audit::halt(|| watchdog::halt(x86::instr::sti_hlt_cli));
                    trace::note(Event::Awake);
                });
            }
        }
        claim(cpu::index());
        irq::after_idle();
    }
}

/// Whether `cpu` is idle at the moment.
pub fn is_idle(cpu: usize) -> bool {
    cpu < NCPU && IDLE[cpu / 32].load(Ordering::Relaxed) & (1 << (cpu % 32)) != 0
}

/// Wakes one idle CPU, `preferred` if it is idle. Does nothing if none is.
pub fn rouse(preferred: usize) {
    // Mostly all are busy, and to see that takes a word for 32 of them.
    if idle_words().iter().any(|word| word.load(Ordering::Relaxed) != 0) && !watchdog::is_deaf() {
        wake(preferred);
    }
}

#[inline(never)]
fn wake(preferred: usize) {
    if claim(preferred) {
        return x86::lapic::send_ipi(smp::apic_id(preferred), x86::lapic::KICK);
    }
    for (index, word) in idle_words().iter().enumerate() {
        let mut bits = word.load(Ordering::Relaxed);
        // Another CPU may be faster to claim one: that one wakes for something else.
        while bits != 0 {
            let cpu = index * 32 + bits.trailing_zeros() as usize;
            if claim(cpu) {
                return x86::lapic::send_ipi(smp::apic_id(cpu), x86::lapic::KICK);
            }
            bits &= bits - 1;
        }
    }
}

fn idle_words() -> &'static [AtomicU32] {
    &IDLE[..smp::count().div_ceil(32)]
}

/// Says that `cpu` is idle.
pub(crate) fn announce(cpu: usize) {
    IDLE[cpu / 32].fetch_or(1 << (cpu % 32), Ordering::SeqCst);
}

/// Takes `cpu`'s bit; says whether it was there. One waker an idle CPU is enough.
fn claim(cpu: usize) -> bool {
    let bit = 1 << (cpu % 32);
    let word = &IDLE[cpu / 32];
    word.load(Ordering::Relaxed) & bit != 0 && word.fetch_and(!bit, Ordering::Relaxed) & bit != 0
}

/// Whether at one moment every CPU was idle and every queue empty.
pub fn all_is_quiet() -> bool {
    let Some(before) = all_idle() else { return false };
    !sched::any_queued() && all_idle() == Some(before)
}

/// If every CPU is idle, how often all of them together left the idle state.
fn all_idle() -> Option<u32> {
    (0..smp::count()).filter(|&cpu| smp::is_online(cpu)).map(cpu::get).try_fold(0_u32, |sum, block| {
        let wakes = block.wakes.load(Ordering::SeqCst);
        block.idle.load(Ordering::SeqCst).then(|| sum.wrapping_add(wakes))
    })
}
