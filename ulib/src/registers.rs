//! A system call with every register chosen by the caller, and every register looked at afterwards.
//!
//! For programs that want to know whether the kernel keeps its hands off what is not its own. [`crate::raw`] has the
//! calls as others use them.

use core::arch::naked_asm;
use core::mem::offset_of;

/// The registers of a program, but for its stack pointer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Registers {
    /// Fifth word of a call.
    pub esi: u32,
    /// Fourth word of a call.
    pub edi: u32,
    /// Nothing to a call.
    pub ebp: u32,
    /// Third word of a call.
    pub ebx: u32,
    /// First word of a call.
    pub edx: u32,
    /// Second word of a call.
    pub ecx: u32,
    /// The call's number, then its result.
    pub eax: u32,
    /// Of the flags, those in [`Registers::FLAGS`].
    pub eflags: u32,
}

impl Registers {
    /// The flags that a program may set without consequences: the arithmetic ones, direction, nested task and alignment
    /// check.
    pub const FLAGS: u32 = 0x8d5 | 0x400 | 0x4000 | 0x4_0000;

    /// Loads the registers, traps, and stores them again.
    ///
    /// Safe with any values, as [`crate::raw::syscall4`] is.
    pub fn trap(&mut self) {
        let wanted = self.eflags & Self::FLAGS;
        self.eflags = wanted | ALWAYS_SET;
        // SAFETY: the pointer is to registers that nobody else refers to, and the flags have been restricted.
        unsafe { trap(self) };
        self.eflags &= Self::FLAGS;
    }
}

/// A flag that is always 1.
const ALWAYS_SET: u32 = 2;

/// [`Registers::trap`].
///
/// # Safety
///
/// `registers` must be the caller's to change, and its flags must not make the processor do anything else.
#[unsafe(naked)]
unsafe extern "C" fn trap(registers: *mut Registers) {
    naked_asm!(
        "push ebp",
        "push ebx",
        "push esi",
        "push edi",
        "mov eax, [esp + 20]",
        "push eax",
        "push dword ptr [eax + {eflags}]",
        "mov esi, [eax + {esi}]",
        "mov edi, [eax + {edi}]",
        "mov ebp, [eax + {ebp}]",
        "mov ebx, [eax + {ebx}]",
        "mov edx, [eax + {edx}]",
        "mov ecx, [eax + {ecx}]",
        "mov eax, [eax + {eax}]",
        "popfd",
        "int 0x30",
        // The pointer is on top. Flags first, since all that follows needs the usual ones.
        "pushfd",
        "push {always_set}",
        "popfd",
        "push eax",
        "mov eax, [esp + 8]",
        "mov [eax + {esi}], esi",
        "mov [eax + {edi}], edi",
        "mov [eax + {ebp}], ebp",
        "mov [eax + {ebx}], ebx",
        "mov [eax + {edx}], edx",
        "mov [eax + {ecx}], ecx",
        "pop ecx",
        "mov [eax + {eax}], ecx",
        "pop ecx",
        "mov [eax + {eflags}], ecx",
        "add esp, 4",
        "pop edi",
        "pop esi",
        "pop ebx",
        "pop ebp",
        "ret",
        esi = const offset_of!(Registers, esi),
        edi = const offset_of!(Registers, edi),
        ebp = const offset_of!(Registers, ebp),
        ebx = const offset_of!(Registers, ebx),
        edx = const offset_of!(Registers, edx),
        ecx = const offset_of!(Registers, ecx),
        eax = const offset_of!(Registers, eax),
        eflags = const offset_of!(Registers, eflags),
        always_set = const ALWAYS_SET,
    )
}
