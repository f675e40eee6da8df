//! The trap into the kernel.
//!
//! `int 0x30` with the call's number in EAX and its arguments in EDX, ECX, EBX, EDI, ESI; the result
//! comes back in EAX and no other register changes. [`crate::sys`] gives these calls their types.
//! Programs that want to pass the kernel nonsense use them bare.
//!
//! JOS: `lib/syscall.c`, `inc/lib.h`.

use core::arch::asm;

use abi::Syscall;

/// A system call of up to four arguments; unused ones are 0. Returns EAX.
///
/// Safe to call with any words: the kernel checks them. What it then does to the address space is the
/// subject of the note at [`crate::sys`].
#[inline]
pub fn syscall4(number: u32, a1: u32, a2: u32, a3: u32, a4: u32) -> u32 {
    let result;
    // SAFETY: the trap changes EAX alone (section 2 of the interface), which is declared. It pushes
    // nothing on this stack. Memory it writes or remaps is covered by the default memory clobber.
    unsafe {
        asm!(
            "int 0x30",
            inlateout("eax") number => result,
            in("edx") a1,
            in("ecx") a2,
            in("ebx") a3,
            in("edi") a4,
            options(nostack, preserves_flags),
        );
    }
    result
}

/// [`syscall4`] by way of SYSENTER: the same call, the same answer. On a CPU without the instruction the program is destroyed.
///
/// The convention is in the kernel's `x86/sysenter.rs`: ESI and EBP say where to go on, EDX and ECX are lost.
#[inline]
pub fn sysenter4(number: u32, a1: u32, a2: u32, a3: u32, a4: u32) -> u32 {
    let result;
    // SAFETY: as in `syscall4`. EBP and ESI are saved on the stack, which is where it was; the pushes are declared by leaving
    // out `nostack`.
    unsafe {
        asm!(
            "push ebp",
            "push esi",
            "mov ebp, esp",
            "lea esi, [2f]",
            "sysenter",
            "2:",
            "pop esi",
            "pop ebp",
            inlateout("eax") number => result,
            inlateout("edx") a1 => _,
            inlateout("ecx") a2 => _,
            in("ebx") a3,
            in("edi") a4,
        );
    }
    result
}

/// `page_map`, the one call with five arguments. Returns EAX.
///
/// ESI cannot be an operand (LLVM keeps it for itself) and no sixth register is free, so the fifth
/// argument travels in EAX and changes places here.
#[inline]
pub fn page_map(src_env: u32, src_va: u32, dst_env: u32, dst_va: u32, perm: u32) -> u32 {
    let result;
    // SAFETY: as in `syscall4`. ESI is saved and restored around the call; the push is declared by
    // leaving out `nostack`.
    unsafe {
        asm!(
            "push esi",
            "mov esi, eax",
            "mov eax, {number}",
            "int 0x30",
            "pop esi",
            number = const Syscall::PageMap as u32,
            inlateout("eax") perm => result,
            in("edx") src_env,
            in("ecx") src_va,
            in("ebx") dst_env,
            in("edi") dst_va,
            options(preserves_flags),
        );
    }
    result
}

/// `exofork`. Returns EAX: the child's id in the parent, 0 in the child, or a negative error.
///
/// Always inlined: the child starts at the instruction after the trap with whatever memory it is given
/// later, so there must be no stack frame between the trap and the function that tells the two apart.
#[inline(always)]
pub fn exofork() -> u32 {
    let result;
    // SAFETY: the trap changes EAX alone, in the parent and in the child. The child runs this same
    // code on a copy of this memory, or on none, in which case it faults in an address space of its own.
    unsafe {
        asm!(
            "int 0x30",
            inlateout("eax") Syscall::Exofork as u32 => result,
            options(nostack, preserves_flags),
        );
    }
    result
}

/// `int3`: to the kernel's monitor.
#[inline]
pub fn breakpoint() {
    // SAFETY: a breakpoint trap changes no register and no memory of the program.
    unsafe { asm!("int3", options(nomem, nostack, preserves_flags)) };
}
