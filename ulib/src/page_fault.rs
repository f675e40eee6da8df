//! Page faults handled by the program.
//!
//! The kernel puts a [`UTrapframe`] on the exception stack, a page of its own below `UXSTACKTOP`, and
//! enters [`_pgfault_upcall`]. That calls the handler and goes back to the fault without the kernel's
//! help. A fault in the handler puts a second frame below the first; the word that the kernel leaves
//! free between them is where the way back is stored.
//!
//! JOS: `lib/pgfault.c`, `lib/pfentry.S`.

use core::arch::naked_asm;
use core::mem::{self, offset_of};
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

use abi::layout::{PGSIZE, UXSTACKTOP};
use abi::{Error, PushRegs, UTrapframe};

use crate::hand::WRITE;
use crate::sys::{SELF, sys_env_set_pgfault_upcall, sys_page_alloc};

/// What runs on a page fault, on the exception stack. What it changes in the frame is what the program
/// continues with.
///
/// It must not touch memory whose fault it cannot handle itself, and has one page of stack, nested
/// faults included.
pub type Handler = fn(&mut UTrapframe);

/// Makes `handler` the one for all page faults to come.
///
/// The first time this allocates the exception stack and registers the upcall, which may fail with
/// `E_NO_MEM`.
pub fn set_pgfault_handler(handler: Handler) -> Result<(), Error> {
    let new = handler as *mut ();
    let old = HANDLER.load(Ordering::Relaxed);
    if old.is_null() {
        sys_page_alloc(SELF, UXSTACKTOP - PGSIZE, WRITE)?;
    }
    // Not for nothing: the global may be on a copy-on-write page, and memory may be short.
    if old != new {
        HANDLER.store(new, Ordering::Relaxed);
    }
    // After the handler is there, so that the upcall never finds null.
    if old.is_null() {
        sys_env_set_pgfault_upcall(SELF, pgfault_upcall())?;
    }
    Ok(())
}

/// The address of the upcall, for [`sys_env_set_pgfault_upcall`].
pub fn pgfault_upcall() -> u32 {
    crate::address(_pgfault_upcall as *const ())
}

/// JOS's `_pgfault_handler`. Shared after `sfork`, copied by `fork`; only ever read on a fault.
static HANDLER: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());

/// From the upcall to the handler.
///
/// # Safety
///
/// `frame` must be the one the kernel has just left.
unsafe extern "C" fn dispatch(frame: *mut UTrapframe) {
    let handler = HANDLER.load(Ordering::Relaxed);
    assert!(!handler.is_null(), "page fault before set_pgfault_handler");
    // SAFETY: not null, so `set_pgfault_handler` stored it, and that takes a `Handler`.
    let handler = unsafe { mem::transmute::<*mut (), Handler>(handler) };
    // SAFETY: the frame lies above this function's stack frame, aligned to a word, and nobody else
    // refers to it until this returns.
    handler(unsafe { &mut *frame });
}

/// Where the kernel enters with ESP pointing to a [`UTrapframe`].
///
/// # Safety
///
/// Only for the kernel.
#[unsafe(naked)]
pub unsafe extern "C" fn _pgfault_upcall() {
    naked_asm!(
        // All registers are in the frame, so all are free. EBX survives the call.
        "mov ebx, esp",
        "and esp, -16",
        "sub esp, 12",
        "push ebx",
        "call {dispatch}",
        "mov esp, ebx",
        // Store the way back in the word below the trap-time stack. That may be a copy-on-write page:
        // then this faults, one frame deeper, and is done again.
        "mov eax, [esp + {esp}]",
        "sub eax, 4",
        "mov ecx, [esp + {eip}]",
        "mov [eax], ecx",
        "mov [esp + {esp}], eax",
        // From here on no register but ESP may change that is not being restored, and after popfd no
        // flag either.
        "add esp, {regs}",
        "popad",
        "add esp, 4",
        "popfd",
        "pop esp",
        "ret",
        dispatch = sym dispatch,
        regs = const offset_of!(UTrapframe, regs),
        eip = const offset_of!(UTrapframe, eip),
        esp = const offset_of!(UTrapframe, esp),
    )
}

// The pops above follow this order.
const _: () = {
    assert!(offset_of!(UTrapframe, eip) == offset_of!(UTrapframe, regs) + size_of::<PushRegs>());
    assert!(offset_of!(UTrapframe, eflags) == offset_of!(UTrapframe, eip) + 4);
    assert!(offset_of!(UTrapframe, esp) == offset_of!(UTrapframe, eflags) + 4);
};
