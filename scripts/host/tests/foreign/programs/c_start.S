/* The entry of c_start: notes every register before anything has touched one, then starts as usual. */
	.text
	.globl first
first:
	movl %eax, start_registers
	movl %ebx, start_registers+4
	movl %ecx, start_registers+8
	movl %edx, start_registers+12
	movl %esi, start_registers+16
	movl %edi, start_registers+20
	movl %ebp, start_registers+24
	movl %esp, start_esp
	pushfl
	popl start_eflags
	movw %cs, start_segments
	movw %ds, start_segments+2
	movw %es, start_segments+4
	movw %ss, start_segments+6
	movw %fs, start_segments+8
	movw %gs, start_segments+10
	jmp _start

/* Code that c_start rewrites: the constant is at patch_me + 1. */
	.globl patch_me
patch_me:
	movl $1, %eax
	ret

	.data
	.globl start_registers, start_esp, start_eflags, start_segments
start_registers: .space 28
start_esp:	.long 0
start_eflags:	.long 0
start_segments:	.space 12

	.section .note.GNU-stack, "", @progbits
