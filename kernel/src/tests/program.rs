//! A program as a test plays it: an env on a CPU, whose system calls and faults are function calls.

use core::sync::atomic::Ordering;

use abi::layout::{GD_UD, GD_UT};
use abi::page::PteFlags;
use abi::trap::T_PGFLT;
use abi::{EnvId, Error, Syscall};

use super::machine::{in_kernel, until};
use crate::env::{Current, OnCpu, exit, table};
use crate::mm::user_mem;
use crate::run::{Next, come_to};
use crate::x86::frame::TrapFrame;
use crate::x86::{registers, user_frame};
use crate::{cpu, sched, trap};

/// Present, user, writable: what most mappings ask for.
pub(super) const PUW: u32 = PteFlags::P.union(PteFlags::U).union(PteFlags::W).bits();
/// Present and user.
pub(super) const PU: u32 = PteFlags::P.union(PteFlags::U).bits();

/// A program on the CPU that the thread plays. When it goes out of scope it is destroyed.
pub(super) struct Program {
    pub(super) id: EnvId,
    pub(super) frame: TrapFrame,
    /// What the last trap wanted to run next.
    pub(super) next: Next,
    on_cpu: Option<OnCpu>,
}

/// Makes an env that is queued on this CPU.
pub(super) fn spawn(parent: EnvId) -> EnvId {
    let id = table::alloc(parent).expect("a slot and a frame");
    let user_data = u32::from(GD_UD | 3);
    let frame =
        TrapFrame { cs: u32::from(GD_UT | 3), ds: user_data, es: user_data, ss: user_data, ..TrapFrame::default() };
    crate::env::current::save_frame(table::record(id.slot()), &frame);
    let mut life = table::env(id.slot()).life.lock();
    life.frozen = false;
    sched::settle(&mut life);
    id
}

/// Destroys an env, if it lives, on nobody's behalf.
pub(super) fn destroy(id: EnvId) {
    let life = table::env(id.slot()).life.lock();
    if life.is(id) {
        exit::destroy(life, EnvId::NONE);
    }
}

/// Makes an env and puts it on this CPU.
pub(super) fn start() -> Program {
    run(spawn(EnvId::NONE))
}

/// Puts a queued env on this CPU, as the run loop does.
pub(super) fn run(id: EnvId) -> Program {
    try_run(id).expect("the env is queued")
}

/// As [`run`]; `None` if the env is not in this CPU's queue, or may not run.
pub(super) fn try_run(id: EnvId) -> Option<Program> {
    let before = id.slot().checked_sub(1).unwrap_or(abi::NENV - 1);
    let on_cpu = sched::pick(before)?;
    if on_cpu.id() != id {
        sched::release(on_cpu);
        return None;
    }
    Some(come(on_cpu))
}

/// Puts any env on this CPU, from its own queue or another's.
pub(super) fn run_any() -> Option<Program> {
    sched::pick(abi::NENV - 1).or_else(sched::steal).map(come)
}

/// Waits until `id` can be had, and leaves other envs to others.
pub(super) fn wait_for(id: EnvId) -> Program {
    until(|| {
        in_kernel(|| {
            let program = try_run(id).or_else(steal)?;
            if program.id == id {
                return Some(program);
            }
            program.leave();
            None
        })
    })
}

/// Takes an env from another CPU's queue and puts it on this one.
pub(super) fn steal() -> Option<Program> {
    sched::steal().map(come)
}

fn come(on_cpu: OnCpu) -> Program {
    let mut user = user_frame::take();
    let on_cpu = come_to(on_cpu, &mut user);
    Program { id: on_cpu.id(), frame: *user.registers(), next: Next::Same, on_cpu: Some(on_cpu) }
}

impl Program {
    /// A system call: the value in EAX afterwards, or the error.
    pub(super) fn call(&mut self, call: Syscall, arguments: &[u32]) -> Result<u32, Error> {
        self.call_number(call as u32, arguments)
    }

    /// As [`Program::call`], with any number.
    pub(super) fn call_number(&mut self, number: u32, arguments: &[u32]) -> Result<u32, Error> {
        let before = self.frame;
        self.trap_call(number, arguments);
        let eax = self.frame.regs.eax;
        assert_eq!([self.frame.eip, self.frame.esp, self.frame.eflags], [before.eip, before.esp, before.eflags]);
        abi::error::result_from_eax(eax)
    }

    /// A system call that may be the program's last, so that nothing comes back.
    pub(super) fn trap_call(&mut self, number: u32, arguments: &[u32]) {
        let argument = |index| arguments.get(index).copied().unwrap_or(0);
        let regs = &mut self.frame.regs;
        regs.eax = number;
        (regs.edx, regs.ecx, regs.ebx, regs.edi, regs.esi) =
            (argument(0), argument(1), argument(2), argument(3), argument(4));
        self.trap(u32::from(abi::syscall::T_SYSCALL));
    }

    /// A page fault.
    pub(super) fn fault(&mut self, va: u32, err: u32) {
        registers::mine().cr2.store(va, Ordering::Relaxed);
        self.frame.err = err;
        self.trap(T_PGFLT);
    }

    /// Any trap.
    pub(super) fn trap(&mut self, vector: u32) {
        self.frame.trapno = vector;
        let on_cpu = self.on_cpu.as_ref().expect("the program is on the CPU");
        self.next = trap::handle(&mut Current::new(on_cpu, &mut self.frame));
    }

    /// Whether the program may go on.
    pub(super) fn may_go_on(&self) -> bool {
        self.on_cpu.as_ref().is_some_and(sched::may_go_on)
    }

    /// Does what other CPUs asked of the program's, as the run loop does.
    pub(super) fn answer(&mut self, attention: u32) -> Next {
        crate::run::answer(self.on_cpu.as_ref().expect("the program is on the CPU"), attention)
    }

    /// Maps fresh pages from `va` on.
    pub(super) fn alloc(&mut self, va: u32, pages: u32) {
        for page in 0..pages {
            assert_eq!(self.call(Syscall::PageAlloc, &[0, va + page * 4096, PUW]), Ok(0));
        }
    }

    /// Writes to the program's memory, as the program could.
    pub(super) fn poke(&self, va: u32, bytes: &[u8]) {
        let space = table::env(self.id.slot()).space.lock();
        user_mem::write(&space, va, bytes).expect("the program may write there");
    }

    /// Reads the program's memory, as the program could.
    pub(super) fn peek<const N: usize>(&self, va: u32) -> [u8; N] {
        peek(self.id, va).expect("the program may read there")
    }

    /// Takes the program off the CPU, as the run loop does when another one comes. If it was destroyed, that is its end.
    pub(super) fn leave(mut self) {
        self.release();
    }

    fn release(&mut self) {
        let Some(on_cpu) = self.on_cpu.take() else { return };
        on_cpu.save(&self.frame);
        crate::mm::kernel_map::load();
        cpu::note_env(None);
        sched::release(on_cpu);
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some(on_cpu) = &self.on_cpu {
            exit::destroy_current(&Current::new(on_cpu, &mut self.frame));
            self.release();
        }
    }
}

/// Reads an env's memory.
pub(super) fn peek<const N: usize>(id: EnvId, va: u32) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let space = table::env(id.slot()).space.lock();
    user_mem::read(&space, va, &mut bytes).is_ok().then_some(bytes)
}
