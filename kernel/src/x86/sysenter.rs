//! The second door for system calls: SYSENTER beside `int 0x30`.
//!
//! The instruction takes code and stack pointer from three registers of the CPU and saves nothing, so a program has to say
//! itself where it wants to go on. From the frame on that `sysenter.S` builds of it, a call is the one that `int 0x30` makes:
//! the same checks, the same answer. On a CPU without it (CPUID leaf 1, EDX bit 11) it is a general protection fault.
//!
//! | register | going in | coming back |
//! |---|---|---|
//! | EAX | the call's number | the answer |
//! | EDX, ECX | first and second argument | undefined |
//! | EBX, EDI | third and fourth argument | as before |
//! | ESI | where to go on | as before |
//! | EBP | the stack pointer there | as before |
//! | EFLAGS | | as before, but for the arithmetic flags |
//!
//! There is no place for a fifth argument: `page_map` needs `int 0x30`. The registers are those of the challenge in JOS's
//! lab 3. The order of the segments in `gdt.rs` is what the instructions want. Intel SDM vol. 3 §5.8.7.

use abi::layout::{GD_KD, GD_KT, GD_UD, GD_UT};
use x86::msr::{self, IA32_SYSENTER_CS, IA32_SYSENTER_EIP, IA32_SYSENTER_ESP};

// Code, then data, then the same for programs.
const _: () = assert!(GD_KD == GD_KT + 8 && GD_UT == GD_KT + 16 && GD_UD == GD_KT + 24);

/// Bit of EDX of CPUID leaf 1.
const HAS_SYSENTER: u32 = 1 << 11;

unsafe extern "C" {
    /// In `sysenter.S`; only its address means something.
    safe fn sysenter_entry();
}

/// Opens the door on this CPU, whose kernel stack ends at `esp0`.
pub(super) fn init_cpu(esp0: u32) {
    if core::arch::x86::__cpuid(1).edx & HAS_SYSENTER == 0 {
        return;
    }
    let set = |register, value: u32| {
        // SAFETY: the CPU has the register, and reads it only in SYSENTER. `sysenter_entry` keeps to what is written there
        // of the stack.
        unsafe { msr::wrmsr(register, u64::from(value)) };
    };
    set(IA32_SYSENTER_ESP, esp0);
    set(IA32_SYSENTER_EIP, sysenter_entry as *const () as u32);
    set(IA32_SYSENTER_CS, u32::from(GD_KT));
}
