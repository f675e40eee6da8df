//! Page faults of programs: handed to the env's upcall, or fatal.
//!
//! JOS: `page_fault_handler`, lab 4 part B. Locks: the env's vm lock.

use core::sync::atomic::Ordering;

use abi::UTrapframe;
use abi::layout::{PGSIZE, UXSTACKTOP};

use crate::env::{Current, exit};
use crate::mm::user_mem::{self, BadAddress};
use crate::print;
use crate::run::Next;
use crate::{trap, x86};

const XSTACK_BOTTOM: u32 = UXSTACKTOP - PGSIZE;

/// Reflects the fault to the env, or kills it.
pub fn handle(current: &mut Current<'_>) -> Next {
    let fault_va = x86::instr::read_cr2();
    // One word, written under the life lock; the value at the time of the fault is as good as any.
    let upcall = current.record().pgfault_upcall.load(Ordering::Relaxed);
    if upcall == 0 {
        print!("[{}] user fault va {fault_va:08x} ip {:08x}\n", current.id(), current.frame.eip);
        return trap::kill(current, Some(fault_va));
    }
    match push_frame(current, fault_va) {
        Ok(esp) => {
            current.frame.esp = esp;
            current.frame.eip = upcall;
            Next::Same
        }
        Err(bad) => kill_for_pointer(current, bad),
    }
}

/// Kills the env for a bad pointer: JOS's `user_mem_assert`.
pub fn kill_for_pointer(current: &Current<'_>, BadAddress(va): BadAddress) -> Next {
    print!("[{}] user_mem_check assertion failure for va {va:08x}\n", current.id());
    exit::destroy_current(current);
    Next::Other
}

/// Puts a [`UTrapframe`] on the exception stack; gives back its address.
fn push_frame(current: &Current<'_>, fault_va: u32) -> Result<u32, BadAddress> {
    let frame = &current.frame;
    let nested = (XSTACK_BOTTOM..UXSTACKTOP).contains(&frame.esp);
    // The empty word of a nested frame is where the upcall puts the address it returns to.
    let top = if nested { frame.esp - 4 } else { UXSTACKTOP };
    let va = top - UTrapframe::SIZE;
    if va < XSTACK_BOTTOM {
        // The program may have mapped the guard page, so the overflow is checked for by itself.
        return Err(BadAddress(va));
    }
    let words =
        UTrapframe { fault_va, err: frame.err, regs: frame.regs, eip: frame.eip, eflags: frame.eflags, esp: frame.esp }
            .to_words();
    let mut bytes = [0; UTrapframe::SIZE as usize];
    for (place, word) in bytes.chunks_exact_mut(4).zip(words) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    // All of it is in one page, so it is written whole or not at all.
    user_mem::write(&current.space(), va, &bytes)?;
    Ok(va)
}
