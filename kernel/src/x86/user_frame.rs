//! The registers of the env on this CPU, at the top of its kernel stack.
//!
//! [`UserFrame`] is the right to that place. Each CPU takes one when it starts, and no reference to the frame is alive
//! while the program runs, since [`UserFrame::enter`] borrows the whole.

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use abi::layout::KSTKSIZE;

use sync::big;

use super::frame::{ENV_ID, TrapFrame};
use super::{instr, switch};
use crate::config::NCPU;
use crate::cpu::This;
use crate::mm::kernel_map;

/// The place of the trap frame on this CPU's kernel stack.
#[derive(Debug)]
pub struct UserFrame {
    frame: *mut TrapFrame,
}

/// Which CPUs have their [`UserFrame`].
static TAKEN: [AtomicBool; NCPU] = [const { AtomicBool::new(false) }; NCPU];

/// Words of the boot stack.
pub(super) const BOOT_STACK_WORDS: usize = 8192;

// `boot.S` defines it so, in memory that the boot loader fills with zeros.
unsafe extern "C" {
    safe static boot_stack: [AtomicU32; BOOT_STACK_WORDS];
}

/// Leaves the boot stack for good and goes on in `f` on CPU 0's kernel stack, which `mm` has just mapped.
///
/// # Panics
/// When less than half of the boot stack was left. There is no page table yet that could have a hole below it, and whoever lies there
/// would be written to in silence.
pub fn go_on_own_stack(f: extern "C" fn() -> !) -> ! {
    let spare = boot_stack.iter().take_while(|word| word.load(Ordering::Relaxed) == 0).count();
    assert!(spare >= BOOT_STACK_WORDS / 2, "{spare} of {BOOT_STACK_WORDS} words of the boot stack are left");
    // SAFETY: 1. the stack is page-aligned, mapped, and nobody runs on it yet: this is the boot CPU, before it has one.
    // 2. Nothing on the boot stack is kept: all that lasts is in statics.
    unsafe { switch::switch_stack(kernel_map::stack_top(0), f) }
}

/// This CPU's place.
///
/// # Panics
/// When it was given out before, or this CPU does not run on its own kernel stack.
pub fn take() -> UserFrame {
    let cpu = super::gdt::cpu_index();
    let top = kernel_map::stack_top(cpu);
    let below_top = top.wrapping_sub(instr::read_ebp());
    assert!(below_top < KSTKSIZE, "CPU {cpu} runs on its own stack");
    assert!(!TAKEN[cpu].swap(true, Ordering::Relaxed), "CPU {cpu} has its place already");
    UserFrame { frame: core::ptr::with_exposed_provenance_mut(switch::frame_address(top) as usize) }
}

impl UserFrame {
    /// The registers.
    pub fn registers(&mut self) -> &mut TrapFrame {
        // SAFETY: mapped and aligned for as long as this CPU runs; only this value leads there, and it is borrowed.
        unsafe { &mut *self.frame }
    }

    /// Says that the registers of the env `id` have been put in place.
    ///
    /// # Panics
    /// When they are not a program's.
    pub fn loaded(&mut self, id: u32) {
        let registers = self.registers();
        assert!(registers.from_user() && registers.ss & 3 == 3, "only a program's registers are entered");
        // SAFETY: a word below the frame, inside the part of the stack that function calls stay out of.
        unsafe { self.frame.wrapping_byte_sub(ENV_ID as usize).cast::<u32>().write_volatile(id) };
    }

    /// Runs the program with these registers until it traps.
    ///
    /// The caller has loaded an address space made by `mm`, and holds no lock.
    pub fn enter(&mut self) {
        debug_assert!(self.registers().from_user());
        if cfg!(debug_assertions) {
            big::assert_let_go::<This>();
        }
        // SAFETY: 1. as `take` asserted, and `self` is borrowed mutably. 2. Segments and flags are those that `loaded` was
        // given or that a trap saved: the kernel never changes them. 3. `mm` maps nothing of the
        // kernel's for users to write. 4. Asserted by the caller (`order::gate`).
        unsafe { switch::enter_user(self.frame) }
    }
}
