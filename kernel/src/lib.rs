//! A JOS kernel for i686 with fine-grained locks.
//!
//! Read this file first: booting is a list of calls, in `kmain` below. Then `run.rs`, the life of a CPU. `README.md` beside `Cargo.toml`
//! has the order for all the rest.

#![cfg_attr(target_os = "none", no_std)]
#![cfg_attr(
    not(target_os = "none"),
    allow(clippy::cast_possible_truncation, reason = "sizes and addresses are those of a 32-bit machine")
)]
#![deny(unsafe_code)]

pub mod atomic;
#[cfg_attr(not(debug_assertions), path = "audit_off.rs")]
pub mod audit;
pub mod boot;
pub mod config;
pub mod console;
pub mod cpu;
#[cfg_attr(not(debug_assertions), path = "debug_options_off.rs")]
mod debug_options;
pub mod env;
pub mod finish;
pub mod idle;
#[cfg_attr(not(debug_assertions), path = "inject_off.rs")]
pub mod inject;
pub mod memory;
pub mod mm;
pub mod monitor;
pub mod monitor_locks;
pub mod panic;
pub mod point;
#[cfg_attr(not(debug_assertions), path = "poison_off.rs")]
pub mod poison;
pub mod pool;
pub mod presence;
pub mod print;
pub mod readline;
pub mod run;
pub mod run_queue;
pub mod sched;
pub mod selftest;
pub mod slot_set;
pub mod smp;
pub mod symbols;
pub mod syscall;
#[cfg(test)]
mod tests;
pub mod trap;
#[cfg_attr(not(debug_assertions), path = "watchdog_off.rs")]
pub mod watchdog;
#[cfg_attr(not(debug_assertions), path = "window_off.rs")]
pub mod window;
// On the host, for tests, a machine made of threads and memory.
#[cfg_attr(not(target_os = "none"), path = "host/mod.rs")]
pub mod x86;

use sync::big;

use crate::cpu::This;
use crate::mm::kernel_map;
use crate::point::Point;
use crate::x86::{delay, fpu, gdt, idt, lapic, pic, user_frame};

/// Where the boot CPU comes from the assembly in `x86`, on a stack that is only for this. It has no guard below, so no more
/// is done on it than the other one needs.
extern "C" fn kmain(magic: u32, info: u32) -> ! {
    // Let go of at the end, and taken again on the other stack.
    let big = big::enter::<This>();
    boot::init(magic, info);
    console::init();
    delay::calibrate();
    print::init_log(boot::options().log);
    window::init();
    println!("6828 decimal is {:o} octal!", 6828);
    symbols::init();
    idt::init();
    memory::init();
    kernel_map::init();
    [0, kernel_map::FAULT_STACK].into_iter().for_each(kernel_map::map_stack);
    gdt::init_cpu(0, kernel_map::stack_top(0));
    idt::load();
    drop(big);
    user_frame::go_on_own_stack(kmain_on_its_stack)
}

/// The boot CPU, on the stack it will keep.
extern "C" fn kmain_on_its_stack() -> ! {
    let mut big = big::enter::<This>();
    env::table::init();
    selftest::memory();
    selftest::lock_checker();
    lapic::init(smp::discover());
    (1..smp::count()).for_each(kernel_map::map_stack);
    lapic::init_cpu();
    fpu::init_cpu();
    pic::init();
    println!("enabled interrupts:{}", pic::Enabled);
    // The others need the lock to say that they start.
    big.unlocked(|| smp::start_others(kernel_map::stack_top, kernel_map::directory().address()));
    smp::report_missing();
    finish::open_the_books();
    audit::init();
    poison::init();
    inject::init();
    env::load::boot_programs();
    run::forever(big, user_frame::take())
}

/// Where the other CPUs come from the assembly in `x86`, each on its own stack.
extern "C" fn ap_main(index: u32) -> ! {
    gdt::init_cpu(index as usize, kernel_map::stack_top(index as usize));
    idt::load();
    lapic::init_cpu();
    fpu::init_cpu();
    window::at(Point::Starting);
    let big = big::enter::<This>();
    println!("SMP: CPU {index} starting");
    smp::online(index as usize);
    run::forever(big, user_frame::take())
}
