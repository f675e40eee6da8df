/* Bad pointers and bad jumps, each in a child of its own, which the kernel has to end with the right line. */
#include "check.h"

static char text[2 * PGSIZE] __attribute__((aligned(4096)));

/* cputs with a pointer or a length that is wrong. */
static void print_one(uintptr_t va)
{
	syscall_raw(SYS_cputs, va, 1, 0, 0, 0);
	cprintf("c_buggy: FAILED: cputs(%x, 1) came back\n", va);
}

static void print_long(uintptr_t len)
{
	memset(text, 'L', sizeof text);
	syscall_raw(SYS_cputs, (uint32_t)text, len, 0, 0, 0);
	cprintf("c_buggy: FAILED: cputs(text, %x) came back\n", len);
}

/* From a good page into one that is missing: the start of that one is what is reported. */
static void print_across(uintptr_t unused)
{
	sys_page_alloc(0, (void *)0x30000000, RW);
	syscall_raw(SYS_cputs, 0x30000ffe, 3, 0, 0, 0);
	cprintf("c_buggy: FAILED: cputs across came back\n");
}

/* Without a handler, so that a fault is the end. */
static void read_word(uintptr_t va)
{
	sys_env_set_pgfault_upcall(0, NULL);
	uint32_t word = *(volatile uint32_t *)va;
	cprintf("c_buggy: FAILED: read %x at %x\n", word, va);
}

static void write_word(uintptr_t va)
{
	sys_env_set_pgfault_upcall(0, NULL);
	*(volatile uint32_t *)va = 1;
	cprintf("c_buggy: FAILED: wrote to %x\n", va);
}

static void jump(uintptr_t va)
{
	sys_env_set_pgfault_upcall(0, NULL);
	((void (*)(void))va)();
	cprintf("c_buggy: FAILED: came back from %x\n", va);
}

/* What only the kernel may do: a general protection fault each. */
static void privileged(uintptr_t which)
{
	sys_env_set_pgfault_upcall(0, NULL);
	if (which == 0)
		asm volatile("cli");
	else if (which == 1)
		asm volatile("hlt");
	else if (which == 2)
		asm volatile("inb $0x64, %%al" : : : "eax");
	else if (which == 3)
		asm volatile("outb %%al, $0x80" : : "a"(0));
	else if (which == 4)
		asm volatile("movl %%cr3, %%eax" : : : "eax");
	else if (which == 5)
		asm volatile("int $14");
	else if (which == 6)
		asm volatile("int $32");
	else if (which == 7)
		asm volatile("movw %w0, %%ds" : : "r"(0x10));
	cprintf("c_buggy: FAILED: privileged instruction %d was done\n", which);
}

void umain(int argc, char **argv)
{
	static const uintptr_t pointers[] = {0, 1, 0xf010000c, ULIM, 0xffffffff, USTACKTOP};
	const uintptr_t lengths[] = {1024 * 1024, 0xffffffff, -(uintptr_t)text, -(uintptr_t)text + 5};
	static const uintptr_t reads[] = {0, KERNBASE, ULIM, UENVS + 31 * PGSIZE, USTACKTOP, 0xfffffffc};
	static const uintptr_t writes[] = {0, KERNBASE, UENVS, UPAGES, UVPT + 4 * PGNUM(UTEXT), 0xef7bd000};
	static const uintptr_t jumps[] = {0, KERNBASE + 0x100000, 0xdeadbeef};
	for (uint32_t i = 0; i < sizeof pointers / 4; i++)
		in_child(print_one, pointers[i]);
	for (uint32_t i = 0; i < sizeof lengths / 4; i++)
		in_child(print_long, lengths[i]);
	in_child(print_across, 0);
	for (uint32_t i = 0; i < sizeof reads / 4; i++)
		in_child(read_word, reads[i]);
	for (uint32_t i = 0; i < sizeof writes / 4; i++)
		in_child(write_word, writes[i]);
	for (uint32_t i = 0; i < sizeof jumps / 4; i++)
		in_child(jump, jumps[i]);
	for (uint32_t i = 0; i < 8; i++)
		in_child(privileged, i);
	cprintf("c_buggy: ok\n");
}
