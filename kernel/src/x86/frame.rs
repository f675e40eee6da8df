//! The trap frame: a program's registers while the kernel runs.
//!
//! JOS's `struct Trapframe`, 68 bytes, built by the CPU and by `stubs.S`. It lies at the very top of the
//! CPU's kernel stack. JOS: `inc/trap.h`; the part the CPU pushes: Intel SDM vol. 3 §6.12.1.

use abi::PushRegs;

/// The registers of what was interrupted.
///
/// `esp` and `ss` are there only if [`TrapFrame::from_user`]: a trap inside the kernel does not push them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct TrapFrame {
    /// The general registers.
    pub regs: PushRegs,
    /// ES; the upper half is padding, as in every segment register here.
    pub es: u32,
    /// DS
    pub ds: u32,
    /// The vector.
    pub trapno: u32,
    /// The error code; 0 for vectors that have none.
    pub err: u32,
    /// Where to go on.
    pub eip: u32,
    /// CS; its low two bits are the privilege level the trap came from.
    pub cs: u32,
    /// The flags.
    pub eflags: u32,
    /// The stack pointer.
    pub esp: u32,
    /// SS
    pub ss: u32,
}

/// Bytes at the top of a kernel stack that function calls stay out of: the frame, the kernel's stack pointer
/// below it, and padding that keeps the stack 16-byte aligned.
pub const STACK_RESERVE: u32 = 80;

impl TrapFrame {
    /// Bytes of a frame.
    pub const SIZE: u32 = 68;

    /// Whether user mode was interrupted.
    pub const fn from_user(&self) -> bool {
        self.cs & 3 == 3
    }

    /// The frame as words, in memory order: what `EnvRecord::tf` publishes.
    pub const fn to_words(&self) -> [u32; 17] {
        let r = &self.regs;
        [
            r.edi,
            r.esi,
            r.ebp,
            r.oesp,
            r.ebx,
            r.edx,
            r.ecx,
            r.eax,
            self.es,
            self.ds,
            self.trapno,
            self.err,
            self.eip,
            self.cs,
            self.eflags,
            self.esp,
            self.ss,
        ]
    }

    /// The inverse of [`TrapFrame::to_words`].
    pub const fn from_words(words: [u32; 17]) -> TrapFrame {
        let [edi, esi, ebp, oesp, ebx, edx, ecx, eax, es, ds, trapno, err, eip, cs, eflags, esp, ss] = words;
        TrapFrame {
            regs: PushRegs { edi, esi, ebp, oesp, ebx, edx, ecx, eax },
            es,
            ds,
            trapno,
            err,
            eip,
            cs,
            eflags,
            esp,
            ss,
        }
    }
}

const _: () = {
    use core::mem::offset_of;
    assert!(size_of::<TrapFrame>() == TrapFrame::SIZE as usize);
    assert!(offset_of!(TrapFrame, es) == 32);
    assert!(offset_of!(TrapFrame, ds) == 36);
    assert!(offset_of!(TrapFrame, trapno) == 40);
    assert!(offset_of!(TrapFrame, err) == 44);
    assert!(offset_of!(TrapFrame, eip) == 48);
    assert!(offset_of!(TrapFrame, cs) == 52);
    assert!(offset_of!(TrapFrame, eflags) == 56);
    assert!(offset_of!(TrapFrame, esp) == 60);
    assert!(offset_of!(TrapFrame, ss) == 64);
    assert!(STACK_RESERVE >= TrapFrame::SIZE + 4);
    assert!(STACK_RESERVE.is_multiple_of(16));
};
