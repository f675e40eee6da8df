/*
 * Style 1 of the upcall: the return address goes onto the trap-time stack through a register, POPA restores.
 *
 * The frame, from ESP up: fault_va, err, edi esi ebp oesp ebx edx ecx eax, eip (40), eflags (44), esp (48).
 */
	.text
	.globl _pgfault_upcall
_pgfault_upcall:
	pushl %esp
	movl _pgfault_handler, %eax
	call *%eax
	addl $4, %esp

	movl 40(%esp), %ebx
	movl 48(%esp), %eax
	subl $4, %eax
	movl %ebx, (%eax)
	movl %eax, 48(%esp)

	addl $8, %esp
	popal
	addl $4, %esp
	popfl
	popl %esp
	ret

	.section .note.GNU-stack, "", @progbits
