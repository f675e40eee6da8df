//! The end of the kernel: one CPU reports, the others stop.
//!
//! Takes no lock, since whoever panics may hold any. The first CPU to get here wins; the others are stopped by an NMI,
//! which reaches them although they run with interrupts off, and note where they were. A CPU that the lock checker found to
//! wait for ever ends the kernel in the same way, but has the others stop before it reports ([`stop_others`], [`give_up`]).

use core::fmt;
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicUsize, Ordering};

use sync::order;

use crate::cpu::{self, This};
use crate::point::Point;
use crate::trap::dump::Dump;
use crate::x86::frame::TrapFrame;
use crate::x86::qemu::{self, Ending};
use crate::x86::{self, backtrace};
use crate::{boot, console, monitor, smp, symbols, window};

/// How long to wait for the others to stop, in milliseconds. One that is in the middle of an NMI already never will.
const PATIENCE_MS: u32 = 1_000;

/// CPU index + 1 of the CPU that reports. Taken (acquire) before that one does anything, as sending the NMIs; who gets one
/// needs to know no more.
static PANICKING: AtomicUsize = AtomicUsize::new(0);

#[cfg(target_os = "none")]
#[panic_handler]
fn on_panic(info: &PanicInfo<'_>) -> ! {
    die(info)
}

/// Reports a panic and ends the kernel.
pub fn die(info: &PanicInfo<'_>) -> ! {
    let me = cpu::index() + 1;
    match PANICKING.compare_exchange(0, me, Ordering::Acquire, Ordering::Relaxed) {
        Ok(_) => report(info),
        Err(other) if other == me => emergency(format_args!("panic in the panic path: {}\n", info.message())),
        Err(_) => {
            window::at(Point::Lost);
            x86::instr::halt_forever()
        }
    }
    leave(Ending::Panic)
}

/// Halts this CPU if another one is reporting the end; first it notes what it was doing. For NMIs; `frame` is what was
/// interrupted if that was the kernel.
pub fn stop_if_panicking(frame: Option<&TrapFrame>) {
    if PANICKING.load(Ordering::Relaxed) != 0 {
        window::at(Point::Stopping);
        let stack = frame.into_iter().flat_map(|frame| {
            let callers = backtrace::from(frame.regs.ebp).map(|caller| caller.return_address.wrapping_sub(1));
            core::iter::once(frame.eip).chain(callers)
        });
        order::stopped::<This>(stack);
        x86::instr::halt_forever();
    }
}

/// Stops all other CPUs for good, so that a report can say what they were doing. If another CPU is reporting the end
/// already, this one stops.
pub fn stop_others() {
    let me = cpu::index() + 1;
    match PANICKING.compare_exchange(0, me, Ordering::Acquire, Ordering::Relaxed) {
        Ok(_) => smp::nmi_to_others(),
        Err(other) if other == me => return,
        // Its NMI comes to this CPU too, which notes then where it was.
        Err(_) => x86::instr::halt_forever(),
    }
    await_others();
}

/// Waits until all other CPUs have said where they were, or will not.
fn await_others() {
    let start = x86::instr::millis();
    let is_patient = || x86::instr::millis().wrapping_sub(start) < PATIENCE_MS;
    while smp::others().any(|cpu| !order::is_stopped::<This>(cpu)) && is_patient() {
        window::at(Point::StopAwaited);
        x86::instr::pause();
    }
}

/// Ends the kernel because CPUs wait for ever. All has been said already.
pub fn give_up(why: &str) -> ! {
    emergency(format_args!("kernel stuck on CPU {}: {why}\n", cpu::index()));
    say_where_others_were();
    say_what_ran();
    leave(Ending::Stuck)
}

/// Ends the kernel because it gets nowhere, which this CPU has noticed.
pub fn end(ending: Ending, why: &str) -> ! {
    stop_others();
    emergency(format_args!("kernel stuck on CPU {}: {why}\n", cpu::index()));
    emergency(format_args!("{}", Trace(backtrace::here())));
    say_where_others_were();
    order::print_held::<This>();
    say_what_ran();
    leave(ending)
}

/// Panics because of a trap in the kernel, with its registers.
pub fn kernel_trap(frame: &TrapFrame, why: &str) -> ! {
    let address = core::ptr::from_ref(frame).addr() as u32;
    let fault_va = (frame.trapno == abi::trap::T_PGFLT).then(x86::instr::read_cr2);
    emergency(format_args!("{}", Dump { frame, address, fault_va }));
    emergency(format_args!("interrupted at\n{}", At(frame.eip)));
    emergency(format_args!("{}", Trace(backtrace::from(frame.regs.ebp))));
    panic!("{why}");
}

fn report(info: &PanicInfo<'_>) {
    window::at(Point::Panicking);
    smp::nmi_to_others();
    await_others();
    let (file, line) = info.location().map_or(("?", 0), |place| (place.file(), place.line()));
    emergency(format_args!("kernel panic on CPU {} at {file}:{line}: {}\n", cpu::index(), info.message()));
    emergency(format_args!("{}", Trace(backtrace::here())));
    say_where_others_were();
    order::print_held::<This>();
    say_what_ran();
}

/// The stack of each CPU that was stopped for the report.
fn say_where_others_were() {
    smp::others().for_each(order::print_stopped::<This>);
}

fn say_what_ran() {
    window::report();
    for cpu in 0..smp::count() {
        if let Some(slot) = cpu::env_of(cpu) {
            let id = crate::env::table::record(slot).id.load(Ordering::Relaxed);
            emergency(format_args!("CPU {cpu} ran env {id:08x}\n"));
        }
    }
}

fn leave(ending: Ending) -> ! {
    // In tests on the host nobody types.
    if boot::options().poweroff || cfg!(not(target_os = "none")) {
        qemu::exit(ending);
    }
    console::bust();
    loop {
        monitor::read_commands();
    }
}

fn emergency(text: fmt::Arguments<'_>) {
    console::emergency(text);
}

/// A stack, in JOS's print-out.
pub struct Trace(pub backtrace::Frames);

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Stack backtrace:")?;
        for frame in self.0.clone().take(32) {
            let [a, b, c, d, e] = frame.arguments();
            writeln!(
                f,
                "  ebp {:08x}  eip {:08x}  args {a:08x} {b:08x} {c:08x} {d:08x} {e:08x}",
                frame.ebp, frame.return_address
            )?;
            // A return address is behind its call, perhaps in another line already.
            write!(f, "{}", At(frame.return_address.wrapping_sub(1)))?;
        }
        Ok(())
    }
}

/// What lies at an address, in lines.
struct At(u32);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        symbols::write(self.0, format_args!("         "), f)
    }
}
