//! Which CPUs there are, and starting them.
//!
//! A CPU's index is its place in the table here: 0 is the boot CPU, the others follow in the firmware's order. Its
//! xAPIC id is only the address of its interrupts, and may be any byte but 255. All others are started together and
//! find their index by their id.
//!
//! Locks: none. The boot CPU fills the table before there are others; a CPU's `online` flag is its own to set.

mod online;

use core::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use sync::big;

use crate::config::NCPU;
use crate::cpu::{self, This};
use crate::println;
use crate::x86::{acpi, ap, instr, lapic, mptable};
#[cfg(test)]
pub(crate) use online::offline;
pub use online::{is_online, online};

/// How long to wait for all CPUs to report, in milliseconds. Emulators with more CPUs than their host are slow.
const PATIENCE_MS: u32 = 60_000;
/// When to tell those that are missing once more.
const SECOND_TRY_MS: u32 = 50;

static COUNT: AtomicUsize = AtomicUsize::new(1);
static APIC_IDS: [AtomicU8; NCPU] = [const { AtomicU8::new(0) }; NCPU];

/// Finds the CPUs and prints how many. Returns the physical address of the local APICs, for `lapic::init`.
///
/// ACPI is asked first: it lists every CPU. The MP table is for machines without ACPI. For the boot CPU, once, with
/// the kernel's page map loaded.
pub fn discover() -> u32 {
    add(instr::initial_apic_id());
    online(0);
    let base = from_acpi().or_else(from_mp_table).unwrap_or_else(lapic::default_base);
    println!("SMP: CPU 0 found {} CPU(s)", count());
    base
}

/// How many CPUs were found; 1 before [`discover`].
pub fn count() -> usize {
    COUNT.load(Ordering::Relaxed)
}

/// The xAPIC id of CPU `index`, for interrupts to it.
pub fn apic_id(index: usize) -> u8 {
    APIC_IDS[index].load(Ordering::Relaxed)
}

/// Interrupts all other CPUs, whatever they do. Those that have started: another has no handler yet, and its NMI would reset
/// the machine before anybody could say why.
pub fn nmi_to_others() {
    others().for_each(|index| lapic::send_nmi(apic_id(index)));
}

/// The other CPUs that have started.
pub fn others() -> impl Iterator<Item = usize> {
    (0..count()).filter(|&index| index != cpu::index() && is_online(index))
}

/// Starts all other CPUs and waits until each has called [`online`]. Those that do not within a minute are left
/// behind.
///
/// Prints nothing, so that it can be called with the big lock let go of: the others need it to come up.
///
/// `stack_top` gives the top of a CPU's kernel stack, which is mapped in the directory at physical address `cr3`.
pub fn start_others(stack_top: fn(usize) -> u32, cr3: u32) {
    if count() == 1 {
        return;
    }
    big::assert_let_go::<This>();
    for index in 1..count() {
        ap::expect(apic_id(index), index, stack_top(index));
    }
    ap::start_all(cr3);
    if !wait_until_online(SECOND_TRY_MS) {
        missing().for_each(|index| ap::start_again(apic_id(index)));
    }
    wait_until_online(PATIENCE_MS);
}

/// Names the CPUs that did not start.
pub fn report_missing() {
    for index in missing() {
        println!("SMP: CPU {index} (APIC id {}) did not start", apic_id(index));
    }
}

/// Waits at most `ms` milliseconds; says whether all CPUs are online.
pub(crate) fn wait_until_online(ms: u32) -> bool {
    let start = instr::millis();
    while missing().next().is_some() {
        if instr::millis().wrapping_sub(start) > ms {
            return false;
        }
        instr::pause();
    }
    true
}

fn missing() -> impl Iterator<Item = usize> {
    (1..count()).filter(|&index| !is_online(index))
}

fn from_acpi() -> Option<u32> {
    match acpi::madt() {
        Ok(madt) => {
            let madt = madt?;
            madt.cpus().for_each(add_other);
            Some(madt.lapic_base())
        }
        Err(error) => {
            println!("{error}");
            None
        }
    }
}

fn from_mp_table() -> Option<u32> {
    match mptable::find() {
        Ok(table) => {
            table.cpus().for_each(add_other);
            if table.has_imcr() {
                println!("SMP: Setting IMCR to switch from PIC mode to symmetric I/O mode");
                mptable::switch_imcr();
            }
            Some(table.lapic_base())
        }
        Err(error) => {
            println!("{error}");
            None
        }
    }
}

/// Gives the next index to a CPU, unless it is the boot CPU, which has one, or there is none left.
fn add_other(id: u8) {
    if id == apic_id(0) {
        return;
    }
    if !add(id) {
        println!("SMP: too many CPUs, CPU {id} disabled");
    }
}

fn add(id: u8) -> bool {
    // The boot CPU comes first and takes the place that the count of 1 already stands for.
    let first = !is_online(0);
    let index = if first { 0 } else { count() };
    if index < NCPU {
        APIC_IDS[index].store(id, Ordering::Relaxed);
        COUNT.store(index + 1, Ordering::Relaxed);
    }
    index < NCPU
}
