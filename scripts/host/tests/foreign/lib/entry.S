/*
 * The first instructions of a program, and the addresses that it knows as arrays.
 *
 * The kernel starts a program without arguments with ESP = USTACKTOP: then nothing is on the stack yet, not even
 * argc and argv.
 */
#define UTOP 0xeec00000
#define USTACKTOP (UTOP - 2 * 4096)

	.globl envs, pages, uvpt, uvpd
	.set envs, 0xeec00000
	.set pages, 0xef000000
	.set uvpt, 0xef400000
	.set uvpd, 0xef7bd000

	.text
	.globl _start
_start:
	cmpl $USTACKTOP, %esp
	jne have_arguments
	pushl $0
	pushl $0
have_arguments:
	call libmain
1:	jmp 1b

	/* Stand-ins for debugging data (the assembler wants .stab for itself), so that the segment at 0x200000 has something in it. */
	.section .stand_in.stab, "a"
	.long 0x62617473
	.section .stand_in.stabstr, "a"
	.asciz "foreign"

	.section .note.GNU-stack, "", @progbits
