/*
 * Style 2 of fork: walks every page directory entry below UTOP, calls the kernel with the env's own id, keeps the
 * software bits of what it shares, and reads the upcall to hand on from its own record.
 */
#include "jos.h"

static void copy_on_write(struct UTrapframe *utf)
{
	envid_t self = sys_getenvid();
	uintptr_t va = utf->fault_va - utf->fault_va % PGSIZE;
	int r;
	if ((utf->err & FEC_WR) == 0)
		panic("read fault at %x, eip %x", utf->fault_va, utf->eip);
	if ((uvpd[PDX(va)] & PTE_P) == 0 || (uvpt[PGNUM(va)] & (PTE_P | PTE_COW)) != (PTE_P | PTE_COW))
		panic("write fault at %x, eip %x", utf->fault_va, utf->eip);
	if ((r = sys_page_alloc(self, (void *)PFTEMP, RW)) != 0)
		panic("page_alloc: %e", r);
	memcpy((void *)PFTEMP, (void *)va, PGSIZE);
	if ((r = sys_page_map(self, (void *)PFTEMP, self, (void *)va, RW)) != 0)
		panic("page_map: %e", r);
	if ((r = sys_page_unmap(self, (void *)PFTEMP)) != 0)
		panic("page_unmap: %e", r);
}

static void duplicate(envid_t self, envid_t child, uint32_t number)
{
	void *page = (void *)(number << 12);
	pte_t entry = uvpt[number];
	int perm = entry & PTE_SYSCALL;
	int r;
	if (entry & (PTE_W | PTE_COW)) {
		perm = (perm & ~PTE_W) | PTE_COW;
		if ((r = sys_page_map(self, page, child, page, perm)) != 0)
			panic("page_map to the child: %e", r);
		if ((r = sys_page_map(self, page, self, page, perm)) != 0)
			panic("page_map to self: %e", r);
	} else if ((r = sys_page_map(self, page, child, page, perm)) != 0) {
		panic("page_map of a read-only page: %e", r);
	}
}

static void duplicate_all(envid_t self, envid_t child)
{
	uint32_t exception_stack = PGNUM(UXSTACKTOP - PGSIZE);
	for (uint32_t table = 0; table < PDX(UTOP); table++) {
		if ((uvpd[table] & (PTE_P | PTE_U)) != (PTE_P | PTE_U))
			continue;
		for (uint32_t number = table << 10; number < (table + 1) << 10; number++)
			if (number != exception_stack && (uvpt[number] & (PTE_P | PTE_U)) == (PTE_P | PTE_U))
				duplicate(self, child, number);
	}
}

envid_t fork(void)
{
	envid_t self, child;
	int r;
	set_pgfault_handler(copy_on_write);
	child = sys_exofork();
	if (child == 0) {
		thisenv = envs + ENVX(sys_getenvid());
		return 0;
	}
	if (child < 0)
		return child;
	self = sys_getenvid();
	duplicate_all(self, child);
	r = sys_page_alloc(child, (void *)(UXSTACKTOP - PGSIZE), RW);
	if (r == 0)
		r = sys_env_set_pgfault_upcall(child, (void *)thisenv->env_pgfault_upcall);
	if (r == 0)
		r = sys_env_set_status(child, ENV_RUNNABLE);
	if (r != 0)
		panic("fork: %e", r);
	return child;
}
