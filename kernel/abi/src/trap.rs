//! Traps as programs see them: vectors and the page-fault upcall's frame.
//!
//! JOS: `inc/trap.h`. Vectors: Intel SDM vol. 3 §6.3.1.

/// Divide error.
pub const T_DIVIDE: u32 = 0;
/// Debug exception.
pub const T_DEBUG: u32 = 1;
/// Non-maskable interrupt.
pub const T_NMI: u32 = 2;
/// Breakpoint; programs may raise it with `int3`.
pub const T_BRKPT: u32 = 3;
/// Device not available: the floating-point registers are not loaded.
pub const T_DEVICE: u32 = 7;
/// Double fault.
pub const T_DBLFLT: u32 = 8;
/// General protection.
pub const T_GPFLT: u32 = 13;
/// Page fault.
pub const T_PGFLT: u32 = 14;
/// The first hardware interrupt; IRQ n has vector `IRQ_OFFSET + n`.
pub const IRQ_OFFSET: u32 = 32;

/// Page-fault error code: the page was present, its protection forbade the access.
pub const FEC_PR: u32 = 0x1;
/// Page-fault error code: a write.
pub const FEC_WR: u32 = 0x2;
/// Page-fault error code: in user mode.
pub const FEC_U: u32 = 0x4;

/// The general registers in `pusha` order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct PushRegs {
    /// EDI
    pub edi: u32,
    /// ESI
    pub esi: u32,
    /// EBP
    pub ebp: u32,
    /// ESP as `pusha` saw it; `popa` ignores it.
    pub oesp: u32,
    /// EBX
    pub ebx: u32,
    /// EDX
    pub edx: u32,
    /// ECX
    pub ecx: u32,
    /// EAX
    pub eax: u32,
}

/// What the kernel leaves on the user exception stack for the page-fault upcall.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct UTrapframe {
    /// The address whose access faulted.
    pub fault_va: u32,
    /// The page-fault error code (`FEC_*`).
    pub err: u32,
    /// The registers at the fault.
    pub regs: PushRegs,
    /// The faulting instruction.
    pub eip: u32,
    /// The flags at the fault.
    pub eflags: u32,
    /// The stack pointer at the fault.
    pub esp: u32,
}

impl UTrapframe {
    /// Bytes on the exception stack.
    pub const SIZE: u32 = 52;

    /// The frame as the words that go on the exception stack, lowest address first.
    pub fn to_words(&self) -> [u32; 13] {
        let r = &self.regs;
        [
            self.fault_va,
            self.err,
            r.edi,
            r.esi,
            r.ebp,
            r.oesp,
            r.ebx,
            r.edx,
            r.ecx,
            r.eax,
            self.eip,
            self.eflags,
            self.esp,
        ]
    }
}

const _: () = {
    use core::mem::offset_of;
    assert!(size_of::<PushRegs>() == 32);
    assert!(offset_of!(PushRegs, ebx) == 16);
    assert!(offset_of!(PushRegs, eax) == 28);
    assert!(size_of::<UTrapframe>() == UTrapframe::SIZE as usize);
    assert!(offset_of!(UTrapframe, regs) == 8);
    assert!(offset_of!(UTrapframe, eip) == 40);
    assert!(offset_of!(UTrapframe, eflags) == 44);
    assert!(offset_of!(UTrapframe, esp) == 48);
};
