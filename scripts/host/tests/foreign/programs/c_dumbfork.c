/* A fork that copies every page at once. No page-fault handler at all. */
#include "jos.h"

static void copy_page(envid_t child, void *page)
{
	int r;
	if ((r = sys_page_alloc(child, page, RW)) < 0)
		panic("page_alloc: %e", r);
	if ((r = sys_page_map(child, page, 0, (void *)UTEMP, RW)) < 0)
		panic("page_map: %e", r);
	memmove((void *)UTEMP, page, PGSIZE);
	if ((r = sys_page_unmap(0, (void *)UTEMP)) < 0)
		panic("page_unmap: %e", r);
}

static envid_t dumb_fork(void)
{
	envid_t child = sys_exofork();
	int r;
	if (child < 0)
		panic("exofork: %e", child);
	if (child == 0) {
		thisenv = &envs[ENVX(sys_getenvid())];
		return 0;
	}
	for (char *page = (char *)UTEXT; page < end; page += PGSIZE)
		copy_page(child, page);
	copy_page(child, (void *)PAGE_OF(&child));
	if ((r = sys_env_set_status(child, ENV_RUNNABLE)) < 0)
		panic("set_status: %e", r);
	return child;
}

void umain(int argc, char **argv)
{
	envid_t child = dumb_fork();
	for (int i = 0; i < (child ? 10 : 20); i++) {
		cprintf("%d: I am the %s!\n", i, child ? "parent" : "child");
		sys_yield();
	}
}
