//! The trap frame: a program's registers while the kernel runs.
//!
//! JOS's `struct Trapframe`, 68 bytes, built by the CPU and by `stubs.S`. It lies at the very top of the
//! CPU's kernel stack. JOS: `inc/trap.h`; the part the CPU pushes: Intel SDM vol. 3 §6.12.1.

use core::sync::atomic::{AtomicU32, Ordering};

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

/// Bytes below the frame for a frame of the kernel's own: that of an NMI which comes while the program's is being made or taken
/// off, with the stack pointer anywhere in it. Interrupts are off there and NMIs are not.
pub const NMI_ROOM: u32 = 60;

/// How far below the frame are the kernel's stack pointer and the env's id.
pub const KERNEL_ESP: u32 = NMI_ROOM + 4;
/// See [`KERNEL_ESP`].
pub const ENV_ID: u32 = NMI_ROOM + 8;

/// Bytes at the top of a kernel stack that function calls stay out of: all of these. It keeps the stack 16-byte aligned.
pub const STACK_RESERVE: u32 = (TrapFrame::SIZE + ENV_ID).next_multiple_of(16);

impl TrapFrame {
    /// Bytes of a frame.
    pub const SIZE: u32 = 68;

    /// Whether user mode was interrupted.
    pub const fn from_user(&self) -> bool {
        self.cs & 3 == 3
    }

    /// Writes the frame to its place in an env's record, in memory order. Word by word, so that none has to be kept meanwhile.
    pub fn store(&self, words: &[AtomicU32; 17]) {
        let set = |index: usize, value| words[index].store(value, Ordering::Relaxed);
        set(0, self.regs.edi);
        set(1, self.regs.esi);
        set(2, self.regs.ebp);
        set(3, self.regs.oesp);
        set(4, self.regs.ebx);
        set(5, self.regs.edx);
        set(6, self.regs.ecx);
        set(7, self.regs.eax);
        set(8, self.es);
        set(9, self.ds);
        set(10, self.trapno);
        set(11, self.err);
        set(12, self.eip);
        set(13, self.cs);
        set(14, self.eflags);
        set(15, self.esp);
        set(16, self.ss);
    }

    /// The inverse of [`TrapFrame::store`].
    pub fn load(&mut self, words: &[AtomicU32; 17]) {
        let get = |index: usize| words[index].load(Ordering::Relaxed);
        self.regs.edi = get(0);
        self.regs.esi = get(1);
        self.regs.ebp = get(2);
        self.regs.oesp = get(3);
        self.regs.ebx = get(4);
        self.regs.edx = get(5);
        self.regs.ecx = get(6);
        self.regs.eax = get(7);
        self.es = get(8);
        self.ds = get(9);
        self.trapno = get(10);
        self.err = get(11);
        self.eip = get(12);
        self.cs = get(13);
        self.eflags = get(14);
        self.esp = get(15);
        self.ss = get(16);
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
    // What the CPU pushes for a trap in the kernel has no ESP and no SS.
    assert!(NMI_ROOM as usize == offset_of!(TrapFrame, esp));
};
