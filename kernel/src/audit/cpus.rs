//! CPUs: which env each runs, what it has in CR3, which locks it holds.

use sync::order;

use super::report::Report;
use super::{stop, tlb};
use crate::cpu::{self, This};
use crate::env::table;
use crate::mm::kernel_map;
use crate::{presence, smp};

/// No lock is held: every CPU is at a gate.
pub(super) fn locks(report: &mut Report) {
    order::for_each_held::<This>(|cpu, class, key, site| {
        report.fault(
            "lock-held",
            format_args!("cpu={cpu} lock={class}#{key} site={site}"),
            format_args!("CPU {cpu} has stopped with {class} #{key} held, taken at {site}"),
        );
    });
}

/// Each CPU runs the env that is on it, or none; its page directory is that env's, or the kernel's, and up to date.
pub(super) fn check(report: &mut Report) {
    for cpu in 0..smp::count() {
        let runs = cpu::env_of(cpu);
        if cpu::get(cpu).user_slot.load(core::sync::atomic::Ordering::Relaxed) != 0 {
            report.fault(
                "in-user-mode",
                format_args!("cpu={cpu}"),
                format_args!("CPU {cpu} has stopped, but says it is in user mode"),
            );
        }
        if let Some(slot) = runs.filter(|&slot| presence::on_cpu(slot) != Some(cpu)) {
            report.fault(
                "env-elsewhere",
                format_args!("cpu={cpu} slot={slot}"),
                format_args!("CPU {cpu} runs the env in slot {slot}, which is on CPU {:?}", presence::on_cpu(slot)),
            );
        }
        // A CPU that has not come up yet has never stopped.
        if smp::is_online(cpu) {
            check_space(cpu, runs, report);
        }
    }
    for slot in 0..abi::NENV {
        if let Some(cpu) = presence::on_cpu(slot).filter(|&cpu| cpu::env_of(cpu) != Some(slot)) {
            report.fault(
                "env-elsewhere",
                format_args!("cpu={cpu} slot={slot}"),
                format_args!(
                    "the env in slot {slot} is on CPU {cpu}, which runs the one in slot {:?}",
                    cpu::env_of(cpu)
                ),
            );
        }
    }
}

/// A quarter of each stack has never been used. Below is a hole, so a stack that was too small shows by itself; this is to show it
/// before.
pub(super) fn stacks(report: &mut Report) {
    for cpu in (0..smp::count()).filter(|&cpu| smp::is_online(cpu)) {
        let (spare, size) = (kernel_map::stack_spare(cpu), kernel_map::stack_size(cpu));
        log::info!("CPU {cpu} has used {} of {size} bytes of its stack", size - spare);
        if spare < size / 4 {
            report.fault(
                "deep-stack",
                format_args!("cpu={cpu} spare={spare} size={size}"),
                format_args!("CPU {cpu} has used all but {spare} of the {size} bytes of its stack"),
            );
        }
    }
}

fn check_space(cpu: usize, runs: Option<usize>, report: &mut Report) {
    let loaded = stop::cr3(cpu);
    let of_env = |slot: usize| table::env(slot).life.try_lock().map(|life| life.directory);
    let due = runs.map_or(Some(kernel_map::directory()), of_env);
    if due.is_some_and(|due| due.address() != loaded) {
        report.fault(
            "stale-cr3",
            format_args!("cpu={cpu} cr3={loaded:#x}"),
            format_args!("CPU {cpu} runs the env in slot {runs:?} (directory {due:?}) and has {loaded:#x} in CR3"),
        );
    }
    let Some(slot) = runs else { return };
    if let Some((seen, present)) = tlb::stale(cpu, slot)
        && !presence::is_due(slot, presence::FLUSH)
    {
        report.fault(
            "stale-tlb",
            format_args!("cpu={cpu} slot={slot} seen={seen} present={present}"),
            format_args!(
                "CPU {cpu} may have translations of slot {slot} that are gone: it has seen change {seen} of {present}, and nobody has told it of the rest"
            ),
        );
    }
}
