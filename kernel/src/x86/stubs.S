# The 256 trap entries, and what they share.
#
# Each stub makes the stack look the same: it pushes a zero where the CPU pushes no error code, then the
# vector. `alltraps` completes the TrapFrame below that:
#
#     esp0 ->  +--------------+
#              | ss, esp      |  64   by the CPU, only when it came from user mode
#              | eflags       |  56
#              | cs           |  52
#              | eip          |  48
#              | err          |  44   by the CPU or the stub
#              | trapno       |  40   by the stub
#              | ds, es       |  32   by alltraps
#     frame -> | edi ... eax  |   0
#              +--------------+
#              | for an NMI   | -60   which may come while the frame above is made or taken off
#              | kernel's ESP | -64   by enter_user, which is what a trap from user mode returns to
#              | env's id     | -68   by UserFrame::loaded
#              +--------------+
#
# Which vectors have an error code: Intel SDM vol. 3, table 6-1.

.cfi_sections .debug_frame

.altmacro
.macro stub number
    .balign 16
stub_\number:
    .if (\number == 8) || ((\number >= 10) && (\number <= 14)) || (\number == 17)
    .else
    pushl $0
    .endif
    pushl $\number
    jmp alltraps
.endm

.macro stub_address number
    .long stub_\number
.endm

.section .text.stubs, "ax"
.set vector, 0
.rept 256
    .if vector != {T_SYSCALL} && vector != {T_NMI} && vector != {T_DEBUG}     # below, and in sysenter.S
    stub %vector
    .endif
    .set vector, vector + 1
.endr

.section .rodata.stubs, "a"
.globl trap_stubs
.balign 4
trap_stubs:
.set vector, 0
.rept 256
    stub_address %vector
    .set vector, vector + 1
.endr
.size trap_stubs, . - trap_stubs
.noaltmacro

# From the vector to a whole frame.
.macro save_all
    # For debuggers: the caller of this is what was interrupted.
    .cfi_signal_frame
    .cfi_def_cfa esp, 20
    .cfi_offset eip, -12
    pushl %ds
    .cfi_adjust_cfa_offset 4
    pushl %es
    .cfi_adjust_cfa_offset 4
    pushal
    .cfi_adjust_cfa_offset 32
    .cfi_offset ebp, {FRAME_EBP} - 60

    # A program can leave anything in these; Rust assumes the direction flag is clear.
    cld
    movl ${KERNEL_DATA}, %eax
    movw %ax, %ds
    movw %ax, %es
.endm

# From a whole frame of a program back to the kernel: enter_user returns.
.macro return_to_kernel
    movl -{KERNEL_ESP}(%esp), %esp
    .cfi_def_cfa esp, 20
    .cfi_offset eip, -4
    .cfi_offset ebp, -8
    popl %edi
    popl %esi
    popl %ebx
    popl %ebp
    .cfi_def_cfa esp, 4
    .cfi_same_value ebp
    ret
.endm

# The system call. Only programs come here: the kernel has no such instruction.
#
# `getenvid` needs no lock and nothing that another CPU may change, so it is answered here, and as far as others can tell
# (`presence`) this CPU does not leave user mode: an interrupt waits for a few instructions longer. The big lock is for
# all kernel code, so there it takes the way of the others. The CPU has pushed the five words at the top of the frame.
.section .text.stubs, "ax"
.balign 16
.type stub_{T_SYSCALL}, @function
stub_{T_SYSCALL}:
    .cfi_startproc simple
    .if !{BIG_LOCK}
    cmpl ${GETENVID}, %eax
    jne 1f
    movl 20 - {FRAME_SIZE} - {ENV_ID}(%esp), %eax
    iretl
1:
    .endif
    pushl $0
    pushl ${T_SYSCALL}
    save_all
    return_to_kernel
    .cfi_endproc
.size stub_{T_SYSCALL}, . - stub_{T_SYSCALL}

# The NMI: handled at once and on top of whatever it interrupts, a program too. So the program stays where it is, as far as
# others can tell, and no lock is waited for. Others are kept back until the iret.
.section .text.stubs, "ax"
.balign 16
.type stub_{T_NMI}, @function
stub_{T_NMI}:
    .cfi_startproc simple
    pushl $0
    pushl ${T_NMI}
    save_all
    jmp handle_here
    .cfi_endproc
.size stub_{T_NMI}, . - stub_{T_NMI}

.section .text.alltraps, "ax"
.balign 16
.globl alltraps
.type alltraps, @function
alltraps:
    .cfi_startproc simple
    save_all
    testb $3, {FRAME_CS}(%esp)
    jz handle_here
    return_to_kernel

handle_here:
    # From the kernel: handle it on this stack and go on. The two words pushed look like a frame of the
    # interrupted function, so that a walk along EBP finds it.
    .cfi_def_cfa esp, 60
    .cfi_offset eip, -12
    .cfi_offset ebp, {FRAME_EBP} - 60
    movl %esp, %ebx
    .cfi_def_cfa_register ebx
    # But when an NMI interrupts a program, or the way in or out, live words are further down: then on below those.
    xorl %eax, %eax
    str %ax
    shll ${TSS_SHIFT}, %eax
    movl {TSS} - ({GD_TSS0} << {TSS_SHIFT}) + 4(%eax), %eax
    subl %esp, %eax
    cmpl ${STACK_RESERVE}, %eax
    ja 2f
    addl %esp, %eax
    movl -{FRAME_SIZE} - {KERNEL_ESP}(%eax), %esp
2:
    pushl {FRAME_EIP}(%ebx)
    pushl %ebp
    movl %esp, %ebp
    andl $-16, %esp
    subl $12, %esp
    pushl %ebx
    call {trap_from_kernel}
    movl %ebx, %esp
    .cfi_def_cfa_register esp
    popal
    popl %es
    popl %ds
    addl $8, %esp
    iretl
    .cfi_endproc
.size alltraps, . - alltraps
