//! Into user mode and back: "user mode is a call that returns".
//!
//! [`enter_user`] leaves the kernel's registers on the kernel stack and the stack pointer in a word below
//! the trap frame. The next trap from user mode completes the same frame in place, finds that word and
//! returns (`alltraps` in `stubs.S`, which has the picture of the stack).

use core::arch::naked_asm;

use super::frame::{KERNEL_ESP, STACK_RESERVE, TrapFrame};

/// Runs a program until it traps: `frame` goes in as the registers to load and comes back as those it
/// trapped with.
///
/// Between the first instruction that reloads registers and the `iret`, and likewise between a trap and its
/// return, the stack pointer is above live words of the kernel stack. Interrupts are off there, so only an
/// NMI can come: it finds room for its frame, and handles itself further down (`alltraps`).
///
/// # Safety
///
/// 1. `frame` is at `esp0 - 68`, `esp0` being what this CPU gave [`super::gdt::init_cpu`], and this CPU runs on
///    that stack, below `esp0` less [`STACK_RESERVE`]. No reference to the frame is alive.
/// 2. The frame's CS and SS are the user segments, DS and ES were loadable in user mode, EFLAGS has IF set,
///    IOPL 0, and VM and NT clear or as user mode left them.
/// 3. The current address space maps the kernel, and nothing that the program must not reach is accessible to
///    user mode in it.
/// 4. This CPU holds no lock and interrupts are off.
#[unsafe(naked)]
pub unsafe extern "C" fn enter_user(frame: *mut TrapFrame) {
    naked_asm!(
        "pushl %ebp",
        "pushl %ebx",
        "pushl %esi",
        "pushl %edi",
        "movl 20(%esp), %eax",
        "movl %esp, -{kernel_esp}(%eax)",
        "movl %eax, %esp",
        "popal",
        "popl %es",
        "popl %ds",
        "addl $8, %esp", // trapno, err
        "iretl",
        kernel_esp = const KERNEL_ESP,
        options(att_syntax)
    )
}

/// Where the frame lies on a kernel stack whose top is `top`: the argument of [`enter_user`].
pub const fn frame_address(top: u32) -> u32 {
    top - TrapFrame::SIZE
}

/// Goes on in `f` on the kernel stack that ends at `top`, leaving room at its top for the trap frame. What was
/// on the old stack is gone for good. A back-trace ends at `f`.
///
/// # Safety
///
/// 1. `top` is 16-byte aligned, and enough memory below it is mapped, writable and used by nobody else.
/// 2. Nothing that lives on the current stack is referred to any more; its destructors do not run.
#[unsafe(naked)]
pub unsafe extern "C" fn switch_stack(top: u32, f: extern "C" fn() -> !) -> ! {
    naked_asm!(
        "movl 4(%esp), %eax",
        "movl 8(%esp), %ecx",
        "leal -{reserve}(%eax), %esp",
        "xorl %ebp, %ebp",
        "pushl $0",
        "jmp *%ecx",
        reserve = const STACK_RESERVE,
        options(att_syntax)
    )
}
