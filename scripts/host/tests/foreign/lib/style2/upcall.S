/*
 * Style 2 of the upcall: hops to the trap-time stack to push the return address there, and restores the registers
 * one by one.
 */
	.text
	.globl _pgfault_upcall
_pgfault_upcall:
	movl %esp, %esi
	pushl %esi
	call *_pgfault_handler

	movl 40(%esi), %eax
	movl 48(%esi), %esp
	pushl %eax
	movl %esp, 48(%esi)
	leal 8(%esi), %esp

	popl %edi
	popl %esi
	popl %ebp
	addl $4, %esp
	popl %ebx
	popl %edx
	popl %ecx
	popl %eax
	leal 4(%esp), %esp
	popfl
	movl (%esp), %esp
	ret

	.section .note.GNU-stack, "", @progbits
