/* Style 1 of fork: looks at [UTEXT, USTACKTOP) page by page and calls the kernel with id 0. */
#include "jos.h"

static void copy_on_write(struct UTrapframe *utf)
{
	void *page = (void *)PAGE_OF(utf->fault_va);
	int r;
	if (!(utf->err & FEC_WR) || !(uvpt[PGNUM(page)] & PTE_COW))
		panic("fault at %x, err %x, eip %x: not copy-on-write", utf->fault_va, utf->err, utf->eip);
	if ((r = sys_page_alloc(0, (void *)PFTEMP, RW)) < 0)
		panic("page_alloc: %e", r);
	memmove((void *)PFTEMP, page, PGSIZE);
	if ((r = sys_page_map(0, (void *)PFTEMP, 0, page, RW)) < 0)
		panic("page_map: %e", r);
	if ((r = sys_page_unmap(0, (void *)PFTEMP)) < 0)
		panic("page_unmap: %e", r);
}

/* The child first, then self: the other way round, a write in between would make the page writable again. */
static void duplicate(envid_t child, uint32_t number)
{
	void *page = (void *)(number * PGSIZE);
	int r, perm = RO;
	if (uvpt[number] & (PTE_W | PTE_COW))
		perm = RO | PTE_COW;
	if ((r = sys_page_map(0, page, child, page, perm)) < 0)
		panic("page_map to the child: %e", r);
	if ((perm & PTE_COW) && (r = sys_page_map(0, page, 0, page, perm)) < 0)
		panic("page_map to self: %e", r);
}

envid_t fork(void)
{
	envid_t child;
	int r;
	set_pgfault_handler(copy_on_write);
	if ((child = sys_exofork()) < 0)
		panic("exofork: %e", child);
	if (child == 0) {
		thisenv = &envs[ENVX(sys_getenvid())];
		return 0;
	}
	for (uintptr_t va = UTEXT; va < USTACKTOP; va += PGSIZE)
		if ((uvpd[PDX(va)] & PTE_P) && (uvpt[PGNUM(va)] & PTE_P))
			duplicate(child, PGNUM(va));
	if ((r = sys_page_alloc(child, (void *)(UXSTACKTOP - PGSIZE), RW)) < 0)
		panic("page_alloc of the child's exception stack: %e", r);
	if ((r = sys_env_set_pgfault_upcall(child, _pgfault_upcall)) < 0)
		panic("set_pgfault_upcall: %e", r);
	if ((r = sys_env_set_status(child, ENV_RUNNABLE)) < 0)
		panic("set_status: %e", r);
	return child;
}
