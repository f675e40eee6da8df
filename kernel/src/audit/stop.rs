//! Stopping every CPU, each at a place where it holds nothing.
//!
//! ```text
//! asker                               every other CPU
//!   ASKER = me                          at a gate: stopped = true; wait until ASKER = 0
//!   interrupt those not stopped         halting:   stopped = true; hlt
//!   wait until each is stopped                     stopped = false; is ASKER set? then as at a gate
//! ```
//!
//! The gates are on the way to user mode, before and after `hlt`, and at the monitor's prompt, so a CPU that spins for a lock
//! or waits for an answer comes there as soon as it has got it: whoever has what it wants goes on, too, up to a gate. The
//! asker waits with nothing held, out of user mode. Store-then-load on both sides, sequentially consistent: either the asker
//! sees that the CPU is not stopped any more, or the CPU sees that it is asked. The other stores publish: that the CPU stops,
//! what it did until then; that nobody asks any more, that the asker has looked.
//!
//! In the build with the big lock the asker holds that: there nobody else is in the kernel, and who is out of user mode
//! waits for it, at the entry.

use crossbeam_utils::CachePadded;
use sync::big;

use crate::atomic::{AtomicBool, AtomicU32, Ordering};
use crate::config::NCPU;
use crate::x86::{instr, lapic};
use crate::{cpu, println, smp};

/// How long the others get to stop, in milliseconds. No lock is held for a hundredth of it, but hosts can be slow.
const PATIENCE_MS: u32 = 20_000;

/// CPU index + 1 of the CPU that makes an audit, or 0.
static ASKER: AtomicU32 = AtomicU32::new(0);

struct Block {
    /// Whether the CPU is at a gate or halted, and will not go on before it has looked at [`ASKER`].
    stopped: AtomicBool,
    /// What it had in CR3 when it came there.
    cr3: AtomicU32,
}

static BLOCKS: [CachePadded<Block>; NCPU] =
    [const { CachePadded::new(Block { stopped: AtomicBool::new(false), cr3: AtomicU32::new(0) }) }; NCPU];

/// Stops this CPU here for as long as another one makes an audit.
pub(super) fn gate() {
    let block = &BLOCKS[cpu::index()];
    block.cr3.store(instr::read_cr3(), Ordering::Relaxed);
    if is_asked() {
        stop(block);
        go_on(block);
    }
}

/// Halts, as `sleep` does. A CPU that sleeps is stopped, and need not be woken for it.
pub fn halt(sleep: impl FnOnce()) {
    let block = &BLOCKS[cpu::index()];
    block.cr3.store(instr::read_cr3(), Ordering::Relaxed);
    stop(block);
    sleep();
    go_on(block);
}

fn stop(block: &Block) {
    block.stopped.store(true, Ordering::Release);
}

/// Ends a stop, unless an audit is being made.
fn go_on(block: &Block) {
    loop {
        block.stopped.store(false, Ordering::SeqCst);
        if !is_asked() {
            return;
        }
        stop(block);
        while is_asked() {
            instr::pause();
        }
    }
}

fn is_asked() -> bool {
    let asker = ASKER.load(Ordering::SeqCst);
    asker != 0 && asker != cpu::index() as u32 + 1
}

/// Stops all other CPUs, looks, and lets them go on. `None` if another CPU does just that: then this one has to pass a gate.
///
/// Needs that nothing is held and that this CPU is not in user mode. A CPU that does not stop counts as one fault, and
/// nothing is looked at.
pub fn with_others_stopped(look: impl FnOnce() -> u32) -> Option<u32> {
    let me = cpu::index();
    ASKER.compare_exchange(0, me as u32 + 1, Ordering::SeqCst, Ordering::Relaxed).ok()?;
    BLOCKS[me].cr3.store(instr::read_cr3(), Ordering::Relaxed);
    let faults = match stop_others() {
        Ok(()) => look(),
        Err(cpu) => {
            println!("audit: CPU {cpu} did not stop\nAUDITFAULT kind=not-stopped cpu={cpu}");
            1
        }
    };
    ASKER.store(0, Ordering::Release);
    Some(faults)
}

fn stop_others() -> Result<(), usize> {
    for cpu in smp::others().filter(|&cpu| !is_stopped(cpu)) {
        lapic::send_ipi(smp::apic_id(cpu), lapic::KICK);
    }
    let since = instr::millis();
    for cpu in smp::others() {
        while !is_stopped(cpu) {
            if instr::millis().wrapping_sub(since) > PATIENCE_MS {
                return Err(cpu);
            }
            instr::pause();
        }
    }
    Ok(())
}

fn is_stopped(cpu: usize) -> bool {
    let at_the_entry = big::IS_ON && cpu::get(cpu).user_slot.load(Ordering::Relaxed) == 0;
    at_the_entry || BLOCKS[cpu].stopped.load(Ordering::SeqCst)
}

/// What CPU `cpu` has in CR3, as it noted when it stopped, and 0 if it never did.
pub(super) fn cr3(cpu: usize) -> u32 {
    BLOCKS[cpu].cr3.load(Ordering::Relaxed)
}
