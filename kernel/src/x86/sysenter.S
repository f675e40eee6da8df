# Where SYSENTER comes to: see sysenter.rs for the registers. The macros are those of stubs.S.
#
# Interrupts are off, the other flags are the program's, all of them: TF, DF, NT and AC too. ESP is the top of this CPU's
# kernel stack, as after the switch of stacks that `int` makes. The place of the frame is free until it is built, so a debug
# exception or an NMI may use it.

.section .text.stubs, "ax"
.balign 16
.globl sysenter_entry
.type sysenter_entry, @function
sysenter_entry:
    .cfi_startproc simple
    # As in stub_{T_SYSCALL}. SYSEXIT takes EIP from EDX and ESP from ECX; interrupts come after it.
    .if !{BIG_LOCK}
    cmpl ${GETENVID}, %eax
    jne sysenter_call
    movl -{FRAME_SIZE} - {ENV_ID}(%esp), %eax
    movl %esi, %edx
    movl %ebp, %ecx
    sti
    sysexit
    .endif

# What `int` would have pushed, with the interrupts on as they were.
.macro sysenter_frame more_flags
    pushl ${USER_DATA}
    pushl %ebp
    pushfl
    orl $(0x200 | \more_flags), (%esp)
    # With NT set, the next iret would switch tasks.
    pushl $2
    popfl
    pushl ${USER_CODE}
    pushl %esi
    pushl $0
    pushl ${T_SYSCALL}
.endm

sysenter_call:
    sysenter_frame 0
    save_all
    return_to_kernel
    .cfi_endproc

# From stub_{T_DEBUG}: the program steps through its instructions and goes on doing so.
.type sysenter_stepped, @function
sysenter_stepped:
    .cfi_startproc simple
    sysenter_frame 0x100
    save_all
    return_to_kernel
    .cfi_endproc
.size sysenter_entry, . - sysenter_entry

# The debug exception. SYSENTER leaves TF set, so a program that steps gets here before the first instruction above, which
# is the one place in the kernel where TF can be set. Then nothing is done but to clear it, and to remember.
.balign 16
.type stub_{T_DEBUG}, @function
stub_{T_DEBUG}:
    cmpl $sysenter_entry, (%esp)
    jne 1f
    cmpl ${KERNEL_CODE}, 4(%esp)
    jne 1f
    andl $~0x100, 8(%esp)
    movl $sysenter_stepped, (%esp)
    iretl
1:
    pushl $0
    pushl ${T_DEBUG}
    jmp alltraps
.size stub_{T_DEBUG}, . - stub_{T_DEBUG}
