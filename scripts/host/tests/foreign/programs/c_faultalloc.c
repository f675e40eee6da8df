/* A handler that makes pages come into being; the second string crosses into one that is not there either, so that
 * the handler itself faults. */
#include "jos.h"

static void allocate(struct UTrapframe *utf)
{
	void *va = (void *)utf->fault_va;
	int r;
	cprintf("fault %x\n", va);
	if ((r = sys_page_alloc(0, (void *)PAGE_OF(va), RW)) < 0)
		panic("page_alloc: %e", r);
	snprintf(va, 100, "this string was faulted in at %x", va);
}

void umain(int argc, char **argv)
{
	set_pgfault_handler(allocate);
	cprintf("%s\n", (char *)0xdeadbeef);
	cprintf("%s\n", (char *)0xcafebffe);
}
