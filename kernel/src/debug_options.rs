//! Options of the command line that only kernels with debug assertions have: `KEY=VALUE`, read by those they are for; and
//! the interrupts that some of them send.

use core::sync::atomic::{AtomicU32, Ordering};

use abi::syscall::T_SYSCALL;
use abi::trap::IRQ_OFFSET;
use spin::Once;
use sync::order;

use crate::cpu::{self, This};
use crate::mm::kernel_map;
use crate::x86::frame::{STACK_RESERVE, TrapFrame};
use crate::x86::lapic;
use crate::{boot, println, smp};

/// How they begin.
pub(crate) const KEYS: &[&str] =
    &["audit=", "crash=", "delays=", "fail=", "nmis=", "storm=", "strays=", "watchdog=", "window="];

/// The flag of EFLAGS that is on in the kernel only when it is idle.
const EFLAGS_IF: u32 = 0x200;

/// What `storm=N` leaves of the timer's usual period: one N-th.
#[cfg_attr(not(target_os = "none"), expect(dead_code, reason = "on the host there is no timer to set"))]
pub(crate) fn tick(usual: u32) -> u32 {
    let times = last("storm=").unwrap_or(1);
    usual / times.clamp(1, usual)
}

/// What this CPU sends at a tick: `strays=N`, the next N interrupts that nobody expects; `nmis=N`, an NMI to itself and N to
/// each other CPU.
pub(crate) fn at_tick() {
    static NUMBERS: Once<(u32, u32)> = Once::new();
    let &(strays, nmis) = NUMBERS.call_once(|| (last("strays=").unwrap_or(0), last("nmis=").unwrap_or(0)));
    (0..strays).for_each(|_| send_stray());
    if nmis > 0 {
        lapic::send_nmi(smp::apic_id(cpu::index()));
    }
    (0..nmis).for_each(|_| smp::nmi_to_others());
}

fn last(key: &str) -> Option<u32> {
    boot::values(key).last().and_then(|value| value.parse().ok())
}

static STRAYS: AtomicU32 = AtomicU32::new(0);

/// Every vector to every CPU, one after the other; but not the system call's, which cannot be told from one.
fn send_stray() {
    let first = IRQ_OFFSET as u8;
    let (number, vectors) = (STRAYS.fetch_add(1, Ordering::Relaxed), 256 - u32::from(first));
    let (target, vector) = ((number / vectors) as usize % smp::count(), first + (number % vectors) as u8);
    if vector != T_SYSCALL && smp::is_online(target) {
        lapic::send_ipi(smp::apic_id(target), vector);
    }
}

/// What NMIs interrupted.
struct Counts {
    user: AtomicU32,
    idle: AtomicU32,
    /// The way between user mode and the kernel, where the stack pointer is in the program's frame.
    between: AtomicU32,
    kernel: AtomicU32,
    locked: AtomicU32,
}

static NMIS: Counts = Counts {
    user: AtomicU32::new(0),
    idle: AtomicU32::new(0),
    between: AtomicU32::new(0),
    kernel: AtomicU32::new(0),
    locked: AtomicU32::new(0),
};

/// An NMI has come. `frame` is what it interrupted if that was the kernel.
pub(crate) fn nmi_came(frame: Option<&TrapFrame>) {
    let count = match frame {
        None => &NMIS.user,
        Some(frame) if frame.eflags & EFLAGS_IF != 0 => &NMIS.idle,
        Some(frame) if is_at_top(frame) => &NMIS.between,
        Some(_) if holds_a_lock() => &NMIS.locked,
        Some(_) => &NMIS.kernel,
    };
    count.fetch_add(1, Ordering::Relaxed);
}

fn is_at_top(frame: &TrapFrame) -> bool {
    let address = core::ptr::from_ref(frame).addr() as u32;
    kernel_map::stack_top(cpu::index()).wrapping_sub(address) <= STACK_RESERVE
}

fn holds_a_lock() -> bool {
    let (me, mut holds) = (cpu::index(), false);
    order::for_each_held::<This>(|cpu, _, _, _| holds |= cpu == me);
    holds
}

/// Says at the end what was sent.
pub(crate) fn report() {
    let get = |count: &AtomicU32| count.load(Ordering::Relaxed);
    let strays = get(&STRAYS);
    if strays != 0 {
        println!("STRAYS sent={strays}");
    }
    let Counts { user, idle, between, kernel, locked } = &NMIS;
    let [user, idle, between, kernel, locked] = [user, idle, between, kernel, locked].map(get);
    if user + idle + between + kernel + locked != 0 {
        println!("NMIS user={user} idle={idle} between={between} kernel={kernel} locked={locked}");
    }
}
