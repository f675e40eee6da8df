//! The life of a CPU: pick an env, enter it, see why it came back, act, repeat.
//!
//! User mode is a call that returns, so what is held has a scope and everything below here returns up to this loop.
//! No handler switches envs: it says in [`Next`] what it wants, and the loop does it, with nothing held.

use sync::big;
use sync::event::Event;
use sync::order::{self, Gate};

use crate::cpu::{self, PerCpu, This};
use crate::env::{Current, OnCpu};
use crate::mm::kernel_map;
use crate::point::Point;
use crate::x86::user_frame::UserFrame;
use crate::{audit, idle, presence, sched, trap, window, x86};

/// Which env a handler wants to run next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Next {
    /// The one that trapped.
    Same,
    /// Another one, if there is one that may run; the one that trapped only if it still may.
    Other,
}

/// Runs envs for ever. Each CPU ends up here, with nothing held but the big lock in the build that has one.
pub fn forever(mut big: big::Guard<This>, mut user: UserFrame) -> ! {
    kernel_map::load();
    let here = cpu::this();
    let mut env = come_to(idle::wait(&mut big), &mut user);
    loop {
        let next = match enter(here, &env, &mut big, &mut user) {
            Ok(()) => trap::handle(&mut Current::new(&env, user.registers())),
            Err(attention) => answer(&env, attention),
        };
        if next == Next::Other {
            env = switch(env, &mut big, &mut user);
        }
    }
}

/// Lets the env run until it traps. Fails when another CPU asked for something first.
fn enter(here: &PerCpu, env: &OnCpu, big: &mut big::Guard<This>, user: &mut UserFrame) -> Result<(), u32> {
    audit::gate();
    window::at(Point::Entering);
    presence::entering_user(here, env.slot())?;
    big.unlocked(|| {
        sync::trace::note(Event::User(env.slot() as u16));
        user.enter();
        sync::trace::note(Event::Kernel);
        // Before the big lock is taken back: whoever holds it may be waiting for just this.
        presence::left_user(here);
        window::at(Point::Trapped);
    });
    Ok(())
}

/// Does what other CPUs asked of this env's CPU.
#[cold]
pub(crate) fn answer(env: &OnCpu, attention: u32) -> Next {
    window::at(Point::Answering);
    if attention & presence::FLUSH != 0 {
        audit::loading(env.slot());
        x86::instr::load_cr3(env.directory().address());
    }
    let stopped = attention & presence::STOP != 0 && !sched::may_go_on(env);
    if stopped { Next::Other } else { Next::Same }
}

/// Replaces `old` by another env. A CPU lets go of an env only when it has left its address space.
fn switch(old: OnCpu, big: &mut big::Guard<This>, user: &mut UserFrame) -> OnCpu {
    let next = sched::pick(old.slot());
    if next.is_none() && sched::may_go_on(&old) {
        return old;
    }
    old.save(user.registers());
    x86::fpu::leave(old.slot());
    window::at(Point::Saved);
    match next {
        Some(new) => {
            let new = come_to(new, user);
            sched::release(old);
            new
        }
        None => {
            kernel_map::load();
            cpu::note_env(None);
            sched::release(old);
            come_to(idle::wait(big), user)
        }
    }
}

/// Loads an env that was just put on this CPU.
pub(crate) fn come_to(env: OnCpu, user: &mut UserFrame) -> OnCpu {
    order::gate::<This>(Gate::AddressSpace);
    audit::loading(env.slot());
    x86::instr::load_cr3(env.directory().address());
    env.restore(user.registers());
    user.loaded(env.id().0);
    cpu::note_env(Some(env.slot()));
    trap::irq::keep_ticking();
    env
}
