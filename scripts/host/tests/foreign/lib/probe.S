/*
 * Registers and flags around one instruction. See probe.h.
 *
 * EIP and ESP need no check of their own, but for ESP's value after it: with a wrong one nothing comes back here.
 */
	.text

/* Saves the C world and loads `in`: edi esi ebp ebx edx ecx eax eflags. */
	.macro load_state
	pushal
	movl 36(%esp), %eax
	movl 40(%esp), %ecx
	movl %ecx, probe_out
	movl %esp, probe_esp
	pushl 28(%eax)
	movl 0(%eax), %edi
	movl 4(%eax), %esi
	movl 8(%eax), %ebp
	movl 12(%eax), %ebx
	movl 16(%eax), %edx
	movl 20(%eax), %ecx
	movl 24(%eax), %eax
	popfl
	.endm

	.globl probe_syscall
probe_syscall:
	load_state
	int $0x30
	jmp store_state

/* LOOP counts ECX down and leaves the flags alone. */
	.globl probe_preempted
probe_preempted:
	load_state
1:	loop 1b
	jmp store_state

	.globl probe_fault, probe_fault_eip
probe_fault:
	load_state
probe_fault_eip:
	movl %eax, 0x400000

/* Nothing here may change a flag before they are saved. */
store_state:
	movl %esp, probe_esp_after
	pushfl
	pushl %eax
	movl probe_out, %eax
	movl %edi, 0(%eax)
	movl %esi, 4(%eax)
	movl %ebp, 8(%eax)
	movl %ebx, 12(%eax)
	movl %edx, 16(%eax)
	movl %ecx, 20(%eax)
	popl 24(%eax)
	popl 28(%eax)
	movl probe_esp, %esp
	pushl $0x202
	popfl
	popal
	ret

/*
 * uint32_t probe_fault_at(uint32_t esp): faults, by reading address 0x1000, with that ESP; probe_upcall, which has to
 * be the env's upcall, notes where its frame is, copies it, and goes back to the caller over the head of both stacks.
 */
	.globl probe_fault_at, probe_fault_at_eip
probe_fault_at:
	pushal
	movl %esp, probe_esp
	movl 36(%esp), %esp
probe_fault_at_eip:
	movl 0x1000, %eax
	/* Not reached. */
	ud2

	.globl probe_upcall
probe_upcall:
	movl %esp, probe_frame_at
	movl %esp, %esi
	movl $probe_frame, %edi
	movl $13, %ecx
	cld
	rep movsl
	movl probe_esp, %esp
	popal
	movl probe_frame_at, %eax
	ret

	.bss
	.globl probe_out, probe_esp, probe_esp_after, probe_frame
	.balign 4
probe_out:	.long 0
probe_esp:	.long 0
probe_esp_after: .long 0
probe_frame_at:	.long 0
probe_frame:	.space 52

	.section .note.GNU-stack, "", @progbits
