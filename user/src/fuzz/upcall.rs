//! The page-fault upcall of the fuzzer's envs: `ulib`'s, after a look at how deep the exception stack is.
//!
//! A parent may take a page of the program away that the handler needs. Then the handler faults in itself, one frame deeper
//! each time. Mostly the kernel ends that, when its frame no longer fits. But if the handler moves ESP out of the page before it
//! faults, the kernel finds a stack that is not the exception stack, and begins anew at the top of that: the env would go on
//! for ever, as in JOS. Only the first instructions after the kernel's can stop it, since they need no other page.

use core::arch::naked_asm;
use core::mem::offset_of;

use ulib::layout::{PGSIZE, USTACKTOP};
use ulib::{Syscall, UTrapframe};

/// The address of the upcall.
pub fn address() -> u32 {
    ulib::address(upcall as *const ())
}

/// Where the kernel enters with ESP pointing to a [`UTrapframe`].
///
/// # Safety
///
/// Only for the kernel.
#[unsafe(naked)]
unsafe extern "C" fn upcall() {
    naked_asm!(
        // All registers are in the frame, so all are free. Was ESP in the page below the exception stack?
        "mov eax, [esp + {esp}]",
        "sub eax, {guard}",
        "cmp eax, {size}",
        "jae {go_on}",
        "mov eax, {destroy}",
        "xor edx, edx",
        "int 0x30",
        "ud2",
        esp = const offset_of!(UTrapframe, esp),
        guard = const USTACKTOP,
        size = const PGSIZE,
        go_on = sym ulib::_pgfault_upcall,
        destroy = const Syscall::EnvDestroy as u32,
    )
}
