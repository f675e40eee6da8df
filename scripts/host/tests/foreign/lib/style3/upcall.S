/*
 * Style 3 of the upcall: no POPL into ESP but XCHG, which reads and writes the stack at both ends, and a handler
 * that is called with a frame pointer, as a debugger likes it.
 */
	.text
	.globl _pgfault_upcall
_pgfault_upcall:
	leal (%esp), %ebx
	pushl %ebp
	movl %esp, %ebp
	pushl %ebx
	call *_pgfault_handler
	leave

	subl $4, 48(%esp)
	movl 48(%esp), %edx
	movl 40(%esp), %ecx
	movl %ecx, (%edx)
	leal 8(%esp), %esp
	popal
	leal 4(%esp), %esp
	popfl
	xchgl (%esp), %esp
	ret

	.section .note.GNU-stack, "", @progbits
