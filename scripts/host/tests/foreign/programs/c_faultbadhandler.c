/* An upcall that is no code: it faults, and that fault too, until the exception stack is full. With an argument the
 * guard page below it is there, and must not help. */
#include "jos.h"

void umain(int argc, char **argv)
{
	sys_page_alloc(0, (void *)(UXSTACKTOP - PGSIZE), RW);
	if (argc > 1)
		sys_page_alloc(0, (void *)(UXSTACKTOP - 2 * PGSIZE), RW);
	sys_env_set_pgfault_upcall(0, (void *)0xdeadbeef);
	*(volatile int *)0 = 0;
}
