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
#              | kernel's ESP |  -4   by enter_user, which is what a trap from user mode returns to
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
    stub %vector
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

.section .text.alltraps, "ax"
.balign 16
.globl alltraps
.type alltraps, @function
alltraps:
    # For debuggers: the caller of this is what was interrupted.
    .cfi_startproc simple
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

    testb $3, {FRAME_CS}(%esp)
    jz 1f

    # From user mode: enter_user returns.
    movl -4(%esp), %esp
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

1:
    # From the kernel: handle it on this stack and go on. The two words pushed look like a frame of the
    # interrupted function, so that a walk along EBP finds it.
    .cfi_def_cfa esp, 60
    .cfi_offset eip, -12
    .cfi_offset ebp, {FRAME_EBP} - 60
    movl %esp, %ebx
    .cfi_def_cfa_register ebx
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
